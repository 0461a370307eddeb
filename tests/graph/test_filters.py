"""Which tasks pass a filter or a search, and how many there are."""

from datetime import timedelta

import httpx
import pytest

from taskflow.db import counting, searching
from taskflow.infra.resources import Resources
from tests.graph.api import Api
from tests.graph.lists import NOON, stamp, titles


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


async def test_count_is_of_all_that_pass_the_filter(api: Api, tied: list[str]) -> None:
    document = "query ($filter: TaskFilter) { tasks(first: 1, filter: $filter) { totalCount } }"
    assert (await api.ask(document, filter={"search": "1"}))["tasks"]["totalCount"] == 1
    assert (await api.ask(document))["tasks"]["totalCount"] == 9


async def test_a_search_that_stops_early_says_where_and_the_next_page_goes_on(
    api: Api, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "NEXT", 3)
    monkeypatch.setattr(searching, "LONGEST", timedelta())
    monkeypatch.setattr(searching, "RARE", 0)
    await api.create("red and blue")
    for number in range(10):
        await api.create("red" if number % 2 else "blue")
    asked, after = 0, None
    query = (
        'query ($after: String) { tasks(first: 1, after: $after, filter: {search: "red blue"}) '
        "{ nodes { title } pageInfo { hasNextPage endCursor } searchedUntil totalCount isCapped } }"
    )
    while True:
        page = (await api.ask(query, after=after))["tasks"]
        asked, after = asked + 1, page["pageInfo"]["endCursor"]
        assert page["isCapped"]
        assert page["totalCount"] == 0
        if not page["searchedUntil"]:
            break
        assert page["nodes"] == []
        assert page["pageInfo"]["hasNextPage"]
    assert asked > 2
    assert page["nodes"] == [{"title": "red and blue"}]
    assert not page["pageInfo"]["hasNextPage"]
    answer = await client.get("/tasks", params={"q": "red blue", "limit": 1})
    assert answer.json() == []
    assert 'rel="next"' in answer.headers["link"]


async def test_a_search_from_the_back_that_stops_early_goes_on_as_well(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "NEXT", 3)
    monkeypatch.setattr(searching, "LONGEST", timedelta())
    monkeypatch.setattr(searching, "RARE", 0)
    for number in range(10):
        await api.create("red" if number % 2 else "blue")
    await api.create("red and blue")
    query = (
        'query ($before: String) { tasks(last: 1, before: $before, filter: {search: "red blue"}) '
        "{ nodes { title } pageInfo { hasPreviousPage startCursor } searchedUntil } }"
    )
    page, asked = (await api.ask(query))["tasks"], 1
    while page["searchedUntil"]:
        assert (page["nodes"], page["pageInfo"]["hasPreviousPage"]) == ([], True)
        page, asked = (await api.ask(query, before=page["pageInfo"]["startCursor"]))["tasks"], asked + 1
    assert asked > 2
    assert page["nodes"] == [{"title": "red and blue"}]
    assert not page["pageInfo"]["hasPreviousPage"]


async def test_all_tasks_of_a_status_are_counted_also_where_there_are_many(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST", 4)
    for number in range(6):
        await api.create(f"Number {number}", queue="bulk" if number else "other")
    for where in ("", "filter: {statuses: [PENDING, DONE]}, "):
        query = f"{{ tasks({where}first: 1) {{ totalCount isCapped }} }}"
        assert (await api.ask(query))["tasks"] == {"totalCount": 6, "isCapped": False}
    query = '{ tasks(filter: {queues: ["bulk"]}) { totalCount isCapped } }'
    assert (await api.ask(query))["tasks"] == {"totalCount": 4, "isCapped": True}
