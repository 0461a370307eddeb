"""Whoever reads as fast as it can is told everything, however much comes at once; who does not read is let go alone."""

import asyncio
import json
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from taskflow.db import queries
from taskflow.db.queries import Filter
from taskflow.graph.live import watcher as live
from taskflow.graph.live.replay import follow_all, follow_one
from taskflow.graph.live.watcher import Lagged, Watcher
from taskflow.graph.services import Services
from taskflow.infra.input import TaskInput
from taskflow.infra.new_task import validate
from tests.contracts.waiting import eventually
from tests.graph.api import MANY, Api
from tests.graph.client import connected
from tests.graph.hub import Bench, versions
from tests.graph.serve import serving
from tests.graph.watch import subscribed

WATCH = "subscription ($after: ID) { taskStatus(after: $after) { id taskId } }"
BURST = 700


async def create_many(patient: Bench, count: int) -> set[str]:
    """In one moment."""
    inputs = [TaskInput("A")] * count
    groups = [validate(inputs[: count // 2], payload_max_bytes=9), validate(inputs[count // 2 :], payload_max_bytes=9)]
    created = await asyncio.gather(*(patient.submitter.create(group) for group in groups))
    return {task.id for one in created for task in one.tasks}


async def told(patient: Bench, count: int) -> list[str]:
    """The tasks of the first `count` events that somebody who reads as fast as it can is told."""
    async with aclosing(follow_all(patient.engine, patient.hub)) as source:
        return [(await anext(source)).event.task_id for _ in range(count)]


async def watched(patient: Bench, count: int) -> None:
    async def there() -> bool:
        return patient.hub.watchers == count

    await eventually(there)


async def test_burst_is_told_from_memory_whole_and_once_to_who_reads(
    patient: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "recorded", None)
    watching = asyncio.create_task(told(patient, 2 * BURST))
    await watched(patient, 1)
    created = await create_many(patient, 2 * BURST)
    async with asyncio.timeout(10):
        got = await watching
    assert set(got) == created
    assert len(got) == len(created)


async def test_each_of_a_thousand_watchers_is_told_everything(patient: Bench) -> None:
    watching = [asyncio.create_task(told(patient, 500)) for _ in range(1000)]
    await watched(patient, 1000)
    created = [await create_many(patient, 50) for _ in range(10)]
    async with asyncio.timeout(30):
        for got in await asyncio.gather(*watching):
            assert set(got) == set().union(*created)


async def test_burst_is_told_over_a_subscription_and_over_the_feed(
    app: Starlette, api: Api, services: Services
) -> None:
    async with (
        serving(app) as host,
        connected(f"ws://{host}/graphql") as client,
        connect(f"ws://{host}/ws", max_queue=None) as feed,
    ):
        await client.subscribe("1", WATCH)
        await subscribed(services, 2)
        inputs = [{"title": "A"}] * BURST
        await asyncio.gather(*(api.ask(MANY, inputs=inputs) for _ in range(2)))
        async with asyncio.timeout(20):
            got = [(await client.next())["payload"]["data"]["taskStatus"]["taskId"] for _ in range(2 * BURST)]
            assert {(await frame(feed))["task_id"] for _ in range(2 * BURST)} == set(got)
        assert len(set(got)) == 2 * BURST


async def test_who_reads_slowly_is_told_everything_in_order_and_holds_nobody_up(
    patient: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUFFER", 10)
    task = await patient.create()
    async with (
        aclosing(follow_all(patient.engine, patient.hub)) as slow,
        aclosing(follow_one(patient.engine, patient.hub, task.id, Filter(), None)) as of_one,
        aclosing(follow_all(patient.engine, patient.hub)) as quick,
    ):
        assert (await anext(of_one)).event.version == 1
        first = [asyncio.ensure_future(anext(source)) for source in (slow, quick)]
        await watched(patient, 3)
        for _ in range(20):
            await patient.change(task.id)
            await asyncio.gather(*first)
            first[1] = asyncio.ensure_future(anext(quick))
        await first[1]
        events = [(await first[0]).event] + [(await anext(slow)).event for _ in range(39)]
        assert versions(events) == list(range(2, 42))
        assert versions([(await anext(of_one)).event for _ in range(40)]) == list(range(2, 42))
        await patient.change(task.id)
        assert versions([(await anext(source)).event for source in (slow, of_one)]) == [42, 42]


async def test_who_takes_nothing_while_its_queue_is_full_lags(patient: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BUFFER", 10)
    monkeypatch.setattr(live, "PATIENCE", timedelta(0))
    async with patient.hub.watch() as watcher:
        await create_many(patient, 20)

        async def given_up() -> bool:
            return watcher._lagged

        await eventually(given_up)
        assert [(await anext(watcher)).event.version for _ in range(10)] == [1] * 10
        with pytest.raises(Lagged):
            await anext(watcher)


async def test_nobody_keeps_more_than_its_buffer(patient: Bench) -> None:
    async with patient.hub.watch() as watcher:
        await create_many(patient, 2 * BURST)

        async def delivered() -> bool:
            return watcher.ledger.position == 2 * BURST

        await eventually(delivered)
        assert len(watcher._news) == live.BUFFER


async def test_subscriber_that_does_not_read_gets_lagged_once_and_resumes_without_a_gap(
    app: Starlette, api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUFFER", 200)
    monkeypatch.setattr(live, "PATIENCE", timedelta(0))
    async with serving(app, send_buffer=8192) as host, connected(f"ws://{host}/graphql") as client:
        await client.subscribe("1", WATCH)
        await subscribed(services)
        client.connection.transport.pause_reading()
        count = await flood(api, services)
        client.connection.transport.resume_reading()
        seen = []
        while (answer := await client.next())["type"] == "next":
            seen.append(answer["payload"]["data"]["taskStatus"])
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == ["LAGGED"]
        await client.send("ping")
        assert await client.next() == {"type": "pong"}
        await client.subscribe("1", WATCH, variables={"after": seen[-1]["id"]})
        ids = {event["taskId"] for event in seen}
        assert len(ids) < count
        while len(ids) < count:
            ids.add((await client.next())["payload"]["data"]["taskStatus"]["taskId"])


async def test_feed_of_who_does_not_read_is_closed_with_1013_while_others_go_on(
    app: Starlette, api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUFFER", 200)
    monkeypatch.setattr(live, "PATIENCE", timedelta(0))
    async with (
        serving(app, send_buffer=8192) as host,
        connect(f"ws://{host}/ws", max_queue=None) as slow,
        connect(f"ws://{host}/ws", max_queue=None) as quick,
    ):
        await subscribed(services, 2)
        slow.transport.pause_reading()
        count = await flood(api, services, quick)
        slow.transport.resume_reading()
        got: list[dict[str, Any]] = []
        with suppress(ConnectionClosed):
            while True:
                got.append(await frame(slow))
        assert slow.close_code == 1013
        assert [one["event_id"] for one in got] == [str(number + 1) for number in range(len(got))]
        assert len(got) < count
        await api.create("Still there")
        assert (await frame(quick))["title"] == "Still there"


async def flood(api: Api, services: Services, quick: ClientConnection | None = None) -> int:
    """Create tasks until one of those that watch now lags, while `quick` reads; how many.

    They are kept from the start: one that lagged may be gone before it is asked.
    """
    count = 0
    watchers = list(services.hub._of_all)

    def lagged(watcher: Watcher) -> bool:
        return watcher._lagged

    while not any(map(lagged, watchers)):
        await api.ask(MANY, inputs=[{"title": "x" * 255}] * 100)
        count += 100
        for _ in range(100 if quick else 0):
            await frame(quick)
    return count


async def frame(socket: ClientConnection | None) -> dict[str, Any]:
    assert socket
    async with asyncio.timeout(10):
        value: dict[str, Any] = json.loads(await socket.recv())
    return value
