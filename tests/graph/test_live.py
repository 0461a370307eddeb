"""The hub delivers every change once and in the order of versions, and nothing else."""

import json
from datetime import datetime

import pytest
import sqlalchemy as sa

from taskflow.db.models import StatusEvent
from taskflow.infra.bus import STATUS_CHANNEL
from taskflow.infra.events.status import decode, encode
from taskflow.infra.resources import Resources
from tests.graph.hub import Bench, take, versions
from tests.store.databases import writing


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


async def test_nothing_that_was_recorded_before_is_news(patient: Bench) -> None:
    patient.bus.hold()
    await patient.create("Before")
    async with patient.hub.watch() as watcher:
        patient.bus.release(0)
        patient.bus.gap()
        patient.bus.mend()
        await patient.create("After")
        assert (await anext(watcher)).event.title == "After"


async def test_strangers_row_is_delivered_from_the_state_it_was_found_in(patient: Bench, resources: Resources) -> None:
    async with patient.hub.watch() as watcher:
        async with writing(resources.engine) as connection:
            await connection.execute(sa.text("INSERT INTO tasks (id, title, status) VALUES ('s', 'Theirs', 'PENDING')"))
        await patient.submitter.cancel("s")
        events = await take(watcher, 2)
    assert [(event.version, event.status) for event in events] == [(1, "PENDING"), (2, "CANCELLED")]


async def test_strangers_row_that_waited_before_anybody_watched_is_delivered_from_the_state_it_was_found_in(
    patient: Bench, resources: Resources
) -> None:
    """Its second change is recorded with the first; of other tasks that are so old, the first was long before."""
    insert = "INSERT INTO tasks (id, title, status, created_at) VALUES ('s', 'Theirs', 'PENDING', :created_at)"
    async with writing(resources.engine) as connection:
        await connection.execute(sa.text(insert), {"created_at": datetime(2026, 1, 1)})
    async with patient.hub.watch() as watcher:
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


async def test_progress_of_an_attempt_that_was_over_before_anybody_watched_is_not_news(patient: Bench) -> None:
    patient.bus.hold()
    task = await patient.create()
    await patient.change(task.id)
    async with patient.hub.watch() as watcher:
        patient.bus.mend()
        patient.bus.publish(STATUS_CHANNEL, [progress(decode(patient.bus.held[0]), 0.5)])
        await patient.submitter.cancel(task.id)
        assert versions(await take(watcher, 1)) == [4]


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
