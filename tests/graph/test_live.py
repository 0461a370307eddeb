"""The hub: every change in the order of versions, whatever the bus loses, repeats or turns round."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import StatusEvent, task_events, tasks
from taskflow.graph.live import hub as live
from taskflow.graph.live.hub import Lagged, News
from taskflow.infra.bus import STATUS_CHANNEL
from taskflow.infra.events.status import decode, encode
from taskflow.infra.resources import Resources
from tests.contracts.waiting import eventually
from tests.graph.hub import Bench, open_bench, take, versions

SOON = timedelta(milliseconds=20)
NEVER = timedelta(days=1)


@pytest.fixture
async def bench(resources: Resources) -> AsyncIterator[Bench]:
    """Compares often."""
    async with open_bench(resources, compare_every=SOON) as bench:
        yield bench


@pytest.fixture
async def patient(resources: Resources) -> AsyncIterator[Bench]:
    """Compares only when it is told of a gap."""
    async with open_bench(resources, compare_every=NEVER) as bench:
        yield bench


async def test_watcher_of_all_gets_every_change_in_order(patient: Bench) -> None:
    async with patient.hub.watch() as watcher:
        task = await patient.create("Watched")
        await patient.change(task.id)
        events = await take(watcher, 3)
    assert versions(events) == [1, 2, 3]
    assert [event.status for event in events] == ["PENDING", "CANCELLED", "PENDING"]
    assert {(event.task_id, event.title) for event in events} == {(task.id, "Watched")}


async def test_watcher_of_one_task_gets_nothing_of_others(patient: Bench) -> None:
    one, other = await patient.create(), await patient.create()
    async with patient.hub.watch(one.id) as watcher:
        await patient.change(other.id)
        await patient.change(one.id)
        assert {event.task_id for event in await take(watcher, 2)} == {one.id}


async def test_frame_is_what_the_bus_brought_or_would_have(bench: Bench) -> None:
    async with bench.hub.watch() as watcher:
        await bench.create()
        heard = await anext(watcher)
        bench.bus.lose()
        await bench.create()
        repaired = await anext(watcher)
    for news in (heard, repaired):
        assert decode(news.text.encode()) == news.event
        assert json.loads(news.text).keys() == json.loads(heard.text).keys()


async def test_what_the_bus_loses_is_read_from_the_database(bench: Bench) -> None:
    old = await bench.create()
    async with bench.hub.watch() as watcher:
        bench.bus.lose()
        new = await bench.create()
        await bench.change(old.id)
        await bench.change(new.id, times=2)
        events = await take(watcher, 7)
    assert versions([event for event in events if event.task_id == old.id]) == [2, 3]
    assert versions([event for event in events if event.task_id == new.id]) == [1, 2, 3, 4, 5]


async def test_hole_in_a_new_tasks_versions_is_filled_at_once(patient: Bench) -> None:
    async with patient.hub.watch() as watcher:
        patient.bus.lose()
        task = await patient.create()
        await patient.change(task.id)
        patient.bus.mend()
        await patient.change(task.id)
        assert versions(await take(watcher, 5)) == [1, 2, 3, 4, 5]


async def test_hole_in_an_old_tasks_versions_is_filled_with_what_came_since(patient: Bench) -> None:
    task = await patient.create()
    await patient.change(task.id)
    async with patient.hub.watch() as watcher:
        patient.bus.lose()
        await patient.change(task.id)
        patient.bus.mend()
        await patient.change(task.id)
        assert versions(await take(watcher, 4)) == [4, 5, 6, 7]


async def test_messages_out_of_order_are_delivered_in_order_and_once(patient: Bench) -> None:
    old = await patient.create()
    await patient.change(old.id)
    async with patient.hub.watch() as watcher:
        patient.bus.hold()
        new = await patient.create()
        await patient.change(new.id)
        await patient.change(old.id)
        patient.bus.release(2, 1, 0, 4, 3, 4, 2)
        events = await take(watcher, 5)
        patient.bus.mend()
        await patient.change(new.id)
        events += await take(watcher, 2)
    assert versions([event for event in events if event.task_id == new.id]) == [1, 2, 3, 4, 5]
    assert versions([event for event in events if event.task_id == old.id]) == [4, 5]


async def test_gap_on_the_bus_is_filled_at_once(patient: Bench) -> None:
    async with patient.hub.watch() as watcher:
        patient.bus.lose()
        task = await patient.create()
        await patient.change(task.id)
        patient.bus.gap()
        assert versions(await take(watcher, 3)) == [1, 2, 3]


async def test_loss_is_repaired_for_who_watches_after_everybody_had_left(patient: Bench) -> None:
    async with patient.hub.watch():
        await patient.create()
    async with patient.hub.watch() as watcher:
        patient.bus.lose()
        task = await patient.create()
        patient.bus.gap()
        assert (await anext(watcher)).event.task_id == task.id


async def test_nothing_that_was_recorded_before_is_news(patient: Bench) -> None:
    patient.bus.hold()
    await patient.create("Before")
    async with patient.hub.watch() as watcher:
        patient.bus.release(0)
        patient.bus.gap()
        patient.bus.mend()
        await patient.create("After")
        assert (await anext(watcher)).event.title == "After"


async def record(resources: Resources, event_id: int, task_id: str, status: str = "PENDING") -> None:
    """A task and its first event, under an id of the test's choosing."""
    now = datetime.now(UTC)
    async with resources.engine.begin() as connection:
        row = {"id": task_id, "title": task_id, "status": status, "version": 1, "created_at": now, "updated_at": now}
        await connection.execute(tasks.insert().values(row))
        event = {"id": event_id, "task_id": task_id, "version": 1, "status": status, "attempt": 0, "at": now}
        await connection.execute(task_events.insert().values(event))


async def test_event_that_is_committed_after_one_with_a_higher_id_is_found(bench: Bench, resources: Resources) -> None:
    await record(resources, 10, "before")
    async with bench.hub.watch() as watcher:
        for event_id in (20, 15, 30, 7, 25):
            await record(resources, event_id, f"t{event_id}")
            assert (await anext(watcher)).event.event_id == event_id


async def test_strangers_row_is_delivered_from_the_state_it_was_found_in(patient: Bench, resources: Resources) -> None:
    async with patient.hub.watch() as watcher:
        async with resources.engine.begin() as connection:
            await connection.execute(sa.text("INSERT INTO tasks (id, title, status) VALUES ('s', 'Theirs', 'PENDING')"))
        await patient.submitter.cancel("s")
        events = await take(watcher, 2)
    assert [(event.version, event.status) for event in events] == [(1, "PENDING"), (2, "CANCELLED")]


def progress(event: StatusEvent, fraction: float) -> bytes:
    running = {"status": "PROCESSING", "progress": fraction, "message": f"{fraction:.0%}"}
    return json.dumps(json.loads(encode(event)) | running).encode()


async def test_progress_is_delivered_each_time_under_its_version_until_a_newer_one(patient: Bench) -> None:
    async with patient.hub.watch() as watcher:
        task = await patient.create()
        [created] = await take(watcher, 1)
        for fraction in (0.1, 0.2):
            patient.bus.publish(STATUS_CHANNEL, [progress(created, fraction)])
        assert [event.progress for event in await take(watcher, 2)] == [0.1, 0.2]
        await patient.change(task.id)
        patient.bus.publish(STATUS_CHANNEL, [progress(created, 0.3)])
        await patient.change(task.id)
        assert versions(await take(watcher, 4)) == [2, 3, 4, 5]


async def test_messages_that_are_no_events_are_ignored(patient: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with patient.hub.watch() as watcher:
        patient.bus.hold()
        await patient.create()
        sound = json.loads(patient.bus.held[0])
        documented = {key: sound[key] for key in ("task_id", "status", "updated_at", "message")}
        bad = [b"", b"\xff", b"[]", b"5", *(json.dumps(sound | {"status": status}).encode() for status in ("", "NEW"))]
        patient.bus._bus.publish(STATUS_CHANNEL, [*bad, json.dumps(documented).encode()])
        patient.bus.release(0)
        assert versions(await take(watcher, 1)) == [1]
    assert caplog.text.count("not a status event") == 7


async def test_outage_of_the_database_delays_and_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*arguments: object, **options: object) -> list[StatusEvent]:
        raise StoreUnavailable

    async with bench.hub.watch() as watcher:
        bench.bus.lose()
        task = await bench.create()
        monkeypatch.setattr(queries, "recorded", away)
        bench.bus.mend()
        await bench.change(task.id)

        async def noticed() -> bool:
            return "an event waits" in caplog.text and "can't look for missed events" in caplog.text

        await eventually(noticed)
        monkeypatch.undo()
        assert versions(await take(watcher, 3)) == [1, 2, 3]


async def test_who_reads_too_slowly_lags_once_and_holds_nobody_up(patient: Bench) -> None:
    async with patient.hub.watch() as slow, patient.hub.watch() as quick:
        task = await patient.create()
        news = await anext(quick)
        for _ in range(live.BUFFER + 10):
            slow.put(news)
        assert len(await take(slow, live.BUFFER - 1)) == live.BUFFER - 1
        await patient.change(task.id)
        assert versions(await take(quick, 2)) == [2, 3]
        assert versions(await take(slow, 1)) == [1]  # nothing after what it lost, so it resumes from here
        with pytest.raises(Lagged):
            await anext(slow)


async def test_who_watches_one_task_after_another_begins_once(patient: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with patient.hub.watch("a"):
        pass
    monkeypatch.setattr(queries, "event_ids", None)
    async with patient.hub.watch() as watcher:
        await patient.create()
        assert versions(await take(watcher, 1)) == [1]


async def test_nothing_is_read_once_nobody_watches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
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
        with suppress(asyncio.CancelledError):
            await flowing
    assert bench.hub.watchers == 0
