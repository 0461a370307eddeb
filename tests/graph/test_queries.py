"""Queries: how many statements a document costs, how much it may ask for, and what the counts say."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import sqlalchemy as sa

from taskflow.infra.resources import Resources
from tests.graph.api import MANY, Api
from tests.graph.lists import stamp, titles


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
    await api.ask(MANY, inputs=[{"title": "A"}] * 100)
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
