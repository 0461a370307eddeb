"""Queries: pages by key that never skip and never repeat, filters, search, and what a bad argument is answered with."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from taskflow.db.models import tasks
from taskflow.infra.resources import Resources
from tests.graph.api import Api

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: TaskFilter, $orderBy: TaskOrder) {
  tasks(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    nodes { title } edges { cursor node { title } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def stamp(resources: Resources, title: str, **values: Any) -> None:
    """Write to the row behind everybody's back."""
    async with resources.engine.begin() as connection:
        await connection.execute(tasks.update().where(tasks.c.title == title).values(**values))


@pytest.fixture
async def tied(api: Api, resources: Resources) -> list[str]:
    """Nine titles, newest first: three instants, each with three tasks."""
    for number in range(9):
        await api.create(str(number))
        at = NOON + timedelta(microseconds=number // 3)
        await stamp(resources, str(number), created_at=at, updated_at=NOON - (at - NOON))
    return await titles(api)


async def page(api: Api, **variables: Any) -> Any:
    found = (await api.ask(PAGE, **variables))["tasks"]
    assert [edge["node"] for edge in found["edges"]] == found["nodes"]
    ends = [found["edges"][0]["cursor"], found["edges"][-1]["cursor"]] if found["edges"] else [None, None]
    assert [found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]] == ends
    return found


async def titles(api: Api, **variables: Any) -> list[str]:
    return [task["title"] for task in (await page(api, **variables))["nodes"]]


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


async def test_every_condition_has_to_hold(api: Api, resources: Resources) -> None:
    await api.create_all(
        {"title": "a", "kind": "x", "queue": "p"},
        {"title": "b", "kind": "x", "queue": "q"},
        {"title": "c", "kind": "y", "queue": "q"},
    )
    await stamp(resources, "a", created_at=NOON, status="DONE")
    found = {
        "a b": {"kinds": ["x"]},
        "b c": {"queues": ["q", "none"]},
        "b": {"kinds": ["x", "y"], "queues": ["q"], "search": "B"},
        "a": {"statuses": ["DONE", "FAILED"]},
        "c": {"statuses": ["PENDING"], "kinds": ["y"]},
        "": {"statuses": ["CANCELLED"]},
        "a b c": {"statuses": [], "kinds": [], "queues": [], "search": " ", "createdAfter": None},
    }
    for expected, where in found.items():
        assert sorted(await titles(api, filter=where)) == expected.split(), where


async def test_created_after_is_inclusive_and_before_is_not(api: Api, resources: Resources) -> None:
    await api.create("noon")
    await stamp(resources, "noon", created_at=NOON)
    later = NOON + timedelta(microseconds=1)
    assert await titles(api, filter={"createdAfter": NOON.isoformat()}) == ["noon"]
    assert await titles(api, filter={"createdAfter": later.isoformat()}) == []
    assert await titles(api, filter={"createdBefore": NOON.isoformat()}) == []
    assert await titles(api, filter={"createdBefore": "2026-01-31T14:00:00.000001+02:00"}) == ["noon"]


async def test_search_matches_words_by_their_beginning_or_a_whole_id(api: Api) -> None:
    one, _ = await api.create_all({"title": "Send the Receipt, №12"}, {"title": "Resend receipts 100%"})
    found = {
        "rec": 2,
        "RECEIPT": 2,
        "receipts": 1,
        "send": 1,
        "rece send": 1,
        "12": 1,
        "eceipt": 0,
        "send nothing": 0,
        '"rec" OR *': 0,
        "%": 1,
        "100%": 1,
        one: 1,
        one[:8]: 0,
        "'; DROP TABLE tasks; --": 0,
        " ".join(["rec"] * 60): 2,
    }
    for search, count in found.items():
        assert len(await titles(api, filter={"search": search})) == count, search


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


async def test_task_that_is_not_there_is_null(api: Api) -> None:
    for task_id in ("", "nothing", "\x00", "x" * 10_000):
        assert await api.ask("query ($id: ID!) { task(id: $id) { id } }", id=task_id) == {"task": None}


@contextmanager
def statements(resources: Resources) -> Iterator[list[str]]:
    """Reads that the database gets meanwhile: what was created before is still being published."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    sa.event.listen(resources.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(resources.engine.sync_engine, "before_cursor_execute", note)


async def test_tasks_that_one_document_names_are_one_statement(api: Api, resources: Resources) -> None:
    ids = await api.create_all(*[{}] * 14)
    ids.insert(3, "01a21311-ad4c-7167-84a5-9a617c72cf5b")
    named = " ".join(f't{number}: task(id: "{one}") {{ id }}' for number, one in enumerate(ids))
    with statements(resources) as seen:
        found = await api.ask(f"{{ {named} }}")
    assert len(seen) == 1
    assert list(found.values()) == [None if number == 3 else {"id": one} for number, one in enumerate(ids)]


async def test_page_of_100_tasks_with_their_histories_is_two_statements_and_its_count_a_third(
    api: Api, resources: Resources
) -> None:
    many = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
    await api.ask(many, inputs=[{"title": "A"}] * 100)
    with statements(resources) as seen:
        found = await api.ask(
            "{ tasks(first: 100) { nodes { title events { version } } edges { node { events { at } } } } }"
        )
    assert {len(task["events"]) for task in found["tasks"]["nodes"]} == {1}
    assert len(seen) == 2
    with statements(resources) as seen:
        found = await api.ask("{ tasks(first: 100) { totalCount nodes { title events { version } } } }")
    assert found["tasks"]["totalCount"] == 100
    assert len(seen) == 3


async def test_count_is_of_all_that_pass_the_filter(api: Api, tied: list[str]) -> None:
    document = "query ($filter: TaskFilter) { tasks(first: 1, filter: $filter) { totalCount } }"
    assert (await api.ask(document, filter={"search": "1"}))["tasks"]["totalCount"] == 1
    assert (await api.ask(document))["tasks"]["totalCount"] == 9


async def test_lists_of_one_operation_come_to_at_most_1000_tasks(api: Api) -> None:
    def lists(count: int) -> str:
        return "{" + " ".join(f"a{number}: tasks(first: 200) {{ nodes {{ id }} }}" for number in range(count)) + "}"

    await api.ask(lists(5))
    error = await api.fail(lists(6))
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "1000 tasks in one operation" in error["message"]


async def test_stats_count_every_status(api: Api, resources: Resources) -> None:
    await api.create_all({"title": "a"}, {"title": "b"})
    await stamp(resources, "a", status="FAILED")
    stats = (await api.ask("{ stats { total queueDepth byStatus { status count } } }"))["stats"]
    assert stats["total"] == 2
    counts = {one["status"]: one["count"] for one in stats["byStatus"]}
    assert counts == {"PENDING": 1, "PROCESSING": 0, "DONE": 0, "FAILED": 1, "CANCELLED": 0}


async def test_document_of_10000_tokens_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{" + "stats { total } " * 2500 + "}"})
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_mutation_over_get_is_405_and_does_nothing(api: Api, client: httpx.AsyncClient) -> None:
    query = 'mutation { createTask(input: {title: "A"}) { created } }'
    response = await client.get("/graphql", params={"query": query})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert await titles(api) == []
