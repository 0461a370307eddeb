"""A subscription that resumes after an event brings what was missed, in order and without a gap."""

import pytest

from taskflow.db.models import tasks
from taskflow.graph.services import Services
from taskflow.infra.resources import Resources
from tests.graph.api import MANY, Api
from tests.graph.watch import change, standing, watching


@pytest.mark.parametrize("after", ["", "x", "-1", "1.0", "9" * 19, "²"])
async def test_after_takes_an_events_id(services: Services, after: str) -> None:
    async with watching(services, after=after) as watch:
        assert await watch.refusal() == ("BAD_USER_INPUT", "after takes the id of an event")


async def test_after_brings_what_one_task_went_through_since(api: Api, services: Services) -> None:
    task_id = (await api.create())["id"]
    async with watching(services, taskId=task_id) as watch:
        [seen] = await watch.events(1)
    await change(api, task_id, times=2)
    async with watching(services, taskId=task_id, after=seen["id"]) as watch:
        events = await watch.events(4)
        assert [event["version"] for event in events] == [2, 3, 4, 5]
        await change(api, task_id)
        assert await watch.versions(2) == [6, 7]
    async with watching(services, taskId=task_id, after=events[2]["id"]) as watch:
        assert await watch.versions(3) == [5, 6, 7]


async def test_after_brings_what_all_tasks_went_through_since(api: Api, services: Services) -> None:
    ids = await api.create_all(*({"title": str(number)} for number in range(3)))
    async with standing(services) as watch:
        await change(api, ids[0])
        seen = (await watch.events(2))[-1]
    for task_id in ids:
        await change(api, task_id)
    expected = [(task_id, first + 1) for task_id, first in zip(ids, (3, 1, 1), strict=True)]
    expected = [(task_id, version + more) for task_id, version in expected for more in (0, 1)]
    async with watching(services, after=seen["id"]) as watch:
        assert [(e["taskId"], e["version"]) for e in await watch.events(6)] == expected
        await change(api, ids[2])
        assert [(e["taskId"], e["version"]) for e in await watch.events(2)] == [(ids[2], 4), (ids[2], 5)]


async def test_after_an_id_that_nobody_has_yet_brings_what_comes(api: Api, services: Services) -> None:
    async with standing(services, after="999999999999999999") as watch:
        await api.create()
        assert await watch.versions(1) == [1]


async def test_long_history_is_replayed_whole_and_in_order(api: Api, services: Services) -> None:
    for _ in range(2):
        await api.ask(MANY, inputs=[{"title": "A"}] * 800)
    async with watching(services, after="0") as watch:
        ids = [int(event["id"]) for event in await watch.events(1600)]
    assert ids == sorted(set(ids))


async def test_replayed_history_has_no_progress_of_a_later_attempt(
    api: Api, services: Services, resources: Resources
) -> None:
    task_id = (await api.create())["id"]
    async with resources.engine.begin() as connection:
        await connection.execute(tasks.update().where(tasks.c.id == task_id).values(progress=0.5))
    async with watching(services, taskId=task_id, after="0") as watch:
        [event] = await watch.events(1)
    assert (event["status"], event["progress"]) == ("PENDING", None)
