"""A subscription that resumes after an event brings what was missed, in order and without a gap."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette

from taskflow.db import queries
from taskflow.db.models import StatusEvent, tasks
from taskflow.graph.live import hub as live
from taskflow.graph.services import Services
from taskflow.infra.resources import Resources
from tests.graph.api import MANY, Api
from tests.graph.client import connected
from tests.graph.serve import serving
from tests.graph.watch import change, standing, subscribed, watching


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
        got: list[tuple[str, int]] = []
        while not set(expected) <= set(got):
            got += [(event["taskId"], event["version"]) for event in await watch.events(1)]
        assert len(got) == len(set(got)) <= len(expected) + 5  # the overlap: what was recorded just before
        await change(api, ids[2])
        assert [(e["taskId"], e["version"]) for e in await watch.events(2)] == [(ids[2], 4), (ids[2], 5)]


async def test_after_misses_nothing_that_is_committed_while_it_replays(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not what then has a lower id than an event that was replayed already."""
    ids = await api.create_all(*({"title": str(number)} for number in range(3)))
    real, late = queries.recorded, asyncio.Event()

    async def recorded(*arguments: Any, **options: Any) -> list[StatusEvent]:
        page = await real(*arguments, **options)
        if late.is_set():
            return page
        late.set()
        await change(api, ids[2])
        return [one for one in page if one.task_id != ids[1]]  # not committed yet

    monkeypatch.setattr(queries, "recorded", recorded)
    async with watching(services, after="0") as watch:
        got = [(event["taskId"], event["version"]) for event in await watch.events(5)]
    assert sorted(got) == sorted([*((task_id, 1) for task_id in ids), (ids[2], 2), (ids[2], 3)])


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


async def test_slow_reader_gets_lagged_once_and_resumes_without_a_gap(
    app: Starlette, api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUFFER", 50)
    query = "subscription ($after: ID) { taskStatus(after: $after) { id taskId } }"
    async with serving(app) as host, connected(f"ws://{host}/graphql") as client:
        await client.subscribe("1", query)
        await subscribed(services)
        for _ in range(5):
            await api.ask(MANY, inputs=[{"title": "A"}] * 100)
        seen = []
        while (answer := await client.next())["type"] == "next":
            seen.append(answer["payload"]["data"]["taskStatus"])
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == ["LAGGED"]
        await client.send("ping")
        assert await client.next() == {"type": "pong"}
        await client.subscribe("1", query, variables={"after": seen[-1]["id"]})
        ids = {event["taskId"] for event in seen}
        assert len(ids) < 500
        while len(ids) < 500:
            ids.add((await client.next())["payload"]["data"]["taskStatus"]["taskId"])
