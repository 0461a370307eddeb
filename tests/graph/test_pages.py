"""Pages by key never skip and never repeat a task, and a bad argument or cursor is refused."""

import base64
import json
from typing import Any

import pytest

from tests.graph.api import Api
from tests.graph.lists import PAGE, page, titles


async def forward(api: Api, size: int, **variables: Any) -> list[str]:
    found, after = [], None
    while True:
        one = await page(api, first=size, after=after, **variables)
        assert one["pageInfo"]["hasPreviousPage"] == (after is not None)
        found += [task["title"] for task in one["nodes"]]
        if not one["pageInfo"]["hasNextPage"]:
            return found
        after = one["pageInfo"]["endCursor"]


async def backward(api: Api, size: int, **variables: Any) -> list[str]:
    found: list[str] = []
    before = None
    while True:
        one = await page(api, last=size, before=before, **variables)
        assert one["pageInfo"]["hasNextPage"] == (before is not None)
        found = [task["title"] for task in one["nodes"]] + found
        if not one["pageInfo"]["hasPreviousPage"]:
            return found
        before = one["pageInfo"]["startCursor"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["CREATED_AT", "UPDATED_AT"])
@pytest.mark.parametrize("size", [1, 2, 4, 9, 200])
async def test_pages_go_both_ways_over_ties(api: Api, tied: list[str], size: int, field: str, direction: str) -> None:
    order = {"field": field, "direction": direction}
    everything = await titles(api, orderBy=order)
    groups = [sorted(everything[start : start + 3]) for start in (0, 3, 6)]
    newest_first = [["6", "7", "8"], ["3", "4", "5"], ["0", "1", "2"]]
    assert groups == (newest_first if (field == "CREATED_AT") == (direction == "DESC") else newest_first[::-1])
    assert await forward(api, size, orderBy=order) == everything
    assert await backward(api, size, orderBy=order) == everything


async def test_tasks_created_between_two_pages_neither_repeat_nor_hide_others(api: Api, tied: list[str]) -> None:
    first = await page(api, first=4)
    await api.create("new")
    rest = await titles(api, after=first["pageInfo"]["endCursor"])
    assert [task["title"] for task in first["nodes"]] + rest == tied
    assert await titles(api, last=200, before=first["pageInfo"]["startCursor"]) == ["new"]


BAD = {
    "first 0": ({"first": 0}, "first takes a number from 1 to 200"),
    "first 10000": ({"first": 10_000}, "first takes a number from 1 to 200"),
    "first negative": ({"first": -1}, "first takes a number from 1 to 200"),
    "last 201": ({"last": 201}, "last takes a number from 1 to 200"),
    "both ends": ({"first": 1, "last": 1}, "last does not go together with first and after"),
    "after of another order": ({"after": "UPDATED"}, "after takes a cursor of a list in the same order"),
    "101 kinds": ({"filter": {"kinds": [str(n) for n in range(101)]}}, "kinds takes at most 100 values"),
    "101 queues": ({"filter": {"queues": [str(n) for n in range(101)]}}, "queues takes at most 100 values"),
    "search of 256 characters": ({"filter": {"search": "a " * 200}}, "search takes at most 255 characters"),
    "statuses unknown": ({"filter": {"statuses": ["OPEN"]}}, ""),
    "date without a zone": ({"filter": {"createdAfter": "2026-01-31T09:30:00"}}, ""),
}


@pytest.mark.parametrize(("variables", "message"), BAD.values(), ids=BAD)
async def test_bad_argument_is_said_to_be_one(api: Api, variables: dict[str, Any], message: str) -> None:
    if variables.get("after"):
        await api.create()
        by_update = await page(api, orderBy={"field": "UPDATED_AT"})
        variables = {"after": by_update["pageInfo"]["endCursor"]}
    error = await api.fail(PAGE, **variables)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert message in error["message"]


def cursor(*key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


MADE_UP = {
    "empty": "",
    "words": "made up",
    "not ASCII": "é",
    "an offset": "MTA=",
    "no date": cursor("created_at", "yesterday", "a"),
    "no zone": cursor("created_at", "2026-01-31T09:30:00", "a"),
    "before the calendar": cursor("created_at", "0001-01-01T00:00:00+14:00", "a"),
    "a lone surrogate": cursor("created_at", "2026-01-31T09:30:00Z", "\ud800"),
    "too short": cursor("created_at", "2026-01-31T09:30:00Z"),
    "deep": base64.b64encode(b"[" * 5000).decode(),
    "large": "A" * 50_000,
}


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("made_up", MADE_UP.values(), ids=MADE_UP)
async def test_made_up_cursor_is_refused(api: Api, name: str, made_up: str) -> None:
    error = await api.fail(PAGE, **{name: made_up})
    assert error["message"] == f"{name} takes a cursor that a list gave out"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
