"""One row that can't be read leaves every answer of the API as it is for all the others."""

import httpx
import pytest
import sqlalchemy as sa

from taskflow.infra.resources import Resources
from tests.graph.api import Api
from tests.store.test_unreadable import BAD_ON_SQLITE

EVERYTHING = """
{ tasks(first: 50) { totalCount nodes { id title status createdAt updatedAt error { type } events { version at } } }
  failed: tasks(first: 5, filter: {statuses: [FAILED, DONE]}) { nodes { id } }
  found: tasks(first: 5, filter: {search: "Sound"}, orderBy: {field: UPDATED_AT}) { nodes { id } }
  stats { total byStatus { status count } queueDepth }
  history(span: HOURS_24) { steps { done failed } kinds { kind done } }
  kinds queues { name running } }
"""


ENDED = {"a duration that is a text": "duration_ms = 'long'", "an end that is an epoch": "finished_at = 1769850000"}
BAD = BAD_ON_SQLITE | ENDED


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
async def test_the_api_answers_as_before(
    api: Api, client: httpx.AsyncClient, resources: Resources, change: str
) -> None:
    sound, bad = await api.create("Sound"), await api.create("Bad")
    async with resources.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE tasks SET status = 'DONE', finished_at = updated_at, duration_ms = 7"))
        await connection.execute(sa.text(f"UPDATE tasks SET {change} WHERE title = 'Bad'"))
    data = await api.ask(EVERYTHING)
    assert [node["title"] for node in data["tasks"]["nodes"]] == ["Sound"]
    assert data["found"]["nodes"]
    listed = await client.get("/tasks")
    assert [one["title"] for one in listed.json()] == ["Sound"]
    assert sound
    assert bad
