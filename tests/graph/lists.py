"""Lists of tasks as a test reads them, and rows that it changes without the API."""

from datetime import UTC, datetime
from typing import Any

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


async def page(api: Api, **variables: Any) -> Any:
    found = (await api.ask(PAGE, **variables))["tasks"]
    assert [edge["node"] for edge in found["edges"]] == found["nodes"]
    ends = [found["edges"][0]["cursor"], found["edges"][-1]["cursor"]] if found["edges"] else [None, None]
    assert [found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]] == ends
    return found


async def titles(api: Api, **variables: Any) -> list[str]:
    return [task["title"] for task in (await page(api, **variables))["nodes"]]
