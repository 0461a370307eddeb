"""The hub reads from the database what the bus has lost, as soon as it notices."""

from datetime import UTC, datetime

import pytest

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import StatusEvent, task_events, tasks
from taskflow.infra.resources import Resources
from tests.contracts.waiting import eventually
from tests.graph.hub import Bench, take, versions


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
