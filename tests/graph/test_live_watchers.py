"""Watchers of the hub come and leave, and leave nothing behind."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.graph.live import hub as live
from taskflow.graph.live.watcher import News
from tests.contracts.waiting import eventually
from tests.graph.hub import SOON, Bench, take, versions


async def test_who_watches_one_task_after_another_begins_once(patient: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with patient.hub.watch("a"):
        pass
    monkeypatch.setattr(queries, "event_ids", None)
    async with patient.hub.watch() as watcher:
        await patient.create()
        assert versions(await take(watcher, 1)) == [1]


async def test_nothing_is_read_once_nobody_watches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEPT", timedelta(0))
    async with bench.hub.watch():
        assert bench.hub.watchers == 1
    assert bench.hub.watchers == 0

    async def noticed() -> bool:
        return bench.hub._ledger is None

    await eventually(noticed)
    decoded: list[bytes] = []
    monkeypatch.setattr("taskflow.graph.live.hub.decode", decoded.append)
    monkeypatch.setattr(queries, "event_ids", None)
    task = await bench.create()
    await bench.change(task.id, times=3)
    bench.bus.gap()
    await asyncio.sleep(SOON.total_seconds() * 2)
    assert decoded == []


async def test_watcher_that_can_not_begin_is_told_and_leaves_nothing_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: object) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(queries, "last_event_id", away)
    with pytest.raises(StoreUnavailable):
        async with bench.hub.watch("a"):
            pass
    assert bench.hub.watchers == 0
    monkeypatch.undo()
    async with bench.hub.watch() as watcher:
        await bench.create()
        await anext(watcher)


async def test_many_watchers_come_and_go_while_events_flow(bench: Bench) -> None:
    async def visit() -> int:
        async with bench.hub.watch() as watcher:
            news: News = await anext(watcher)
            return news.event.version

    async def flow() -> None:
        while True:
            await bench.create()

    flowing = asyncio.create_task(flow())
    try:
        async with asyncio.timeout(10):
            assert set(await asyncio.gather(*(visit() for _ in range(50)))) == {1}
    finally:
        flowing.cancel()
        await asyncio.wait([flowing])
        with suppress(asyncio.CancelledError):
            await flowing
    assert bench.hub.watchers == 0
