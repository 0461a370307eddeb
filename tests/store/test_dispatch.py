"""What the dispatcher's statements promise: nothing due is missed, nothing is taken twice, no newer date is wiped."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, tasks
from taskflow.db.lifecycle import PUBLISH_GRACE, TaskStatus
from taskflow.db.outcome import Failed, GivenBack, TaskError
from taskflow.db.rescue import record_lost
from tests.store.databases import run
from tests.store.steps import (
    LATER,
    LEASE,
    NOON,
    SECOND,
    create,
    create_one,
    due,
    finish,
    get,
    history,
    mark,
    start,
    started,
)

ERROR = TaskError(type="Boom", message="it broke", traceback=None)


# --- mark_published


async def test_what_the_broker_has_is_due_no_more(engine: AsyncEngine) -> None:
    some = await create(engine, 3)
    await mark(engine, *some)
    assert await due(engine, now=LATER) == []
    row = await get(engine, some[0].id)
    assert (row.dispatch_at, row.updated_at, row.version) == (None, NOON, 1)


async def test_marking_never_wipes_a_newer_lease(engine: AsyncEngine) -> None:
    task = await create_one(engine)
    claimed = await start(engine, task.id)
    await mark(engine, task)
    assert await get(engine, task.id) == claimed.task


async def test_marking_never_wipes_the_date_of_a_retry(engine: AsyncEngine) -> None:
    task = await create_one(engine)
    waiting = await finish(engine, await start(engine, task.id), Failed(ERROR, 10 * SECOND))
    await mark(engine, task)
    assert waiting == await get(engine, task.id)


async def test_marking_a_dead_letter_never_wipes_a_retry_that_was_asked_for(engine: AsyncEngine) -> None:
    failed = await finish(engine, await started(engine), Failed(ERROR, None))
    assert failed
    again, _ = await tasks.retry(engine, failed.id, now=NOON)
    await mark(engine, failed)
    assert await get(engine, failed.id) == again


async def test_marking_many_of_several_versions_marks_each(engine: AsyncEngine) -> None:
    first = await create(engine, 3)
    failed = await finish(engine, await started(engine), Failed(ERROR, None))
    assert failed
    await mark(engine, *first, failed)
    assert await due(engine, now=LATER) == []


async def test_marking_nothing_or_what_is_not_there_is_nothing(engine: AsyncEngine) -> None:
    await dispatch.mark_published(engine, [])
    await dispatch.mark_published(engine, [("no-such-task", TaskStatus.PENDING, 1)])


# --- due


async def test_a_row_is_due_from_its_instant_on(engine: AsyncEngine) -> None:
    task = await create_one(engine, run_at=LATER)
    assert await due(engine, now=LATER - timedelta(microseconds=1)) == []
    assert [one.id for one in await due(engine, now=LATER)] == [task.id]


async def test_whoever_takes_a_row_has_time_before_another_does(engine: AsyncEngine) -> None:
    task = await create_one(engine)
    now = NOON + PUBLISH_GRACE
    assert [one.id for one in await due(engine, now=now)] == [task.id]
    assert await due(engine, now=now + PUBLISH_GRACE - timedelta(microseconds=1)) == []
    assert [one.id for one in await due(engine, now=now + PUBLISH_GRACE)] == [task.id]
    row = await get(engine, task.id)
    assert (row.version, row.updated_at) == (1, NOON)


async def test_no_more_than_the_limit_is_taken_and_the_rest_next_time(engine: AsyncEngine) -> None:
    some = await create(engine, 7)
    first, second = await due(engine, now=LATER, limit=4), await due(engine, now=LATER, limit=4)
    assert (len(first), len(second)) == (4, 3)
    assert {one.id for one in first + second} == {one.id for one in some}


async def test_a_row_whose_worker_died_is_recorded_as_lost_and_waits_for_its_retry(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    (event,) = (await record_lost(engine, now=NOON + LEASE, limit=10, jitter=lambda: 0.0)).events
    assert await dispatch.take_due(engine, now=NOON + LEASE, limit=10) == ([], [])
    row = await get(engine, claimed.task.id)
    assert (row.status, row.attempt, row.run_at) == (TaskStatus.PENDING, 1, NOON + LEASE + SECOND)
    assert row.error
    assert row.error["type"] == "WorkerLost"
    assert (event.task_id, event.version, event.status) == (row.id, 3, TaskStatus.PENDING)
    assert [one.id for one in await due(engine, now=NOON + LEASE + SECOND)] == [row.id]


async def test_a_task_that_kills_its_worker_each_time_fails_in_the_end(engine: AsyncEngine) -> None:
    task, now = await create_one(engine), NOON
    for attempt in (1, 2, 3):
        assert (await start(engine, task.id, now=now)).task.attempt == attempt
        now += LEASE
        ready = await due(engine, now=now)
        now += timedelta(minutes=1)
    assert [(one.id, one.status) for one in ready] == [(task.id, TaskStatus.FAILED)]
    assert [event.status for event in await history(engine, task.id)] == [
        "PENDING",
        *["PROCESSING", "PENDING"] * 2,
        "PROCESSING",
        "FAILED",
    ]


async def test_a_failed_row_is_due_until_its_dead_letter_is_confirmed(engine: AsyncEngine) -> None:
    failed = await finish(engine, await started(engine), Failed(ERROR, None))
    assert failed
    assert await due(engine, now=NOON) == []
    for now in (LATER, LATER + PUBLISH_GRACE):
        assert [(one.id, one.status) for one in await due(engine, now=now)] == [(failed.id, TaskStatus.FAILED)]
    await mark(engine, failed)
    assert await due(engine, now=LATER + timedelta(days=1)) == []


async def test_what_was_given_back_is_due_at_once(engine: AsyncEngine) -> None:
    back = await finish(engine, await started(engine), GivenBack())
    assert back
    assert [one.id for one in await due(engine, now=NOON)] == [back.id]


# --- next_due


async def test_the_next_instant_is_the_earliest_of_all_that_wait(engine: AsyncEngine) -> None:
    assert await dispatch.next_due(engine) is None
    await create_one(engine, run_at=LATER)
    assert await dispatch.next_due(engine) == LATER
    await started(engine)
    assert await dispatch.next_due(engine) == NOON + LEASE
    await finish(engine, await started(engine), Failed(ERROR, None))
    assert await dispatch.next_due(engine) == NOON + PUBLISH_GRACE


# --- recover_lost


async def test_what_the_broker_lost_is_due_again(engine: AsyncEngine) -> None:
    some = await create(engine, 5)
    await mark(engine, *some)
    assert await recover(engine, now=NOON + 59 * SECOND) == 0
    assert await recover(engine, now=NOON + 60 * SECOND) == 5
    assert await recover(engine, now=NOON + 60 * SECOND) == 0
    ready = await due(engine, now=NOON + 60 * SECOND)
    assert {one.id for one in ready} == {one.id for one in some}
    assert {(one.version, one.updated_at) for one in ready} == {(1, NOON)}


async def test_only_the_queue_that_is_empty_is_recovered(engine: AsyncEngine) -> None:
    here, there = await create_one(engine, queue="here"), await create_one(engine, queue="there")
    await mark(engine, here, there)
    assert await recover(engine, queue="here") == 1
    assert [one.id for one in await due(engine, now=LATER)] == [here.id]


async def test_recovery_leaves_what_runs_or_has_ended_or_waits(engine: AsyncEngine) -> None:
    await started(engine)
    await finish(engine, await started(engine))
    await create_one(engine, run_at=LATER)
    assert await recover(engine) == 0


async def test_recovery_takes_no_more_than_its_limit(engine: AsyncEngine) -> None:
    await mark(engine, *await create(engine, 5))
    assert [await recover(engine, limit=3) for _ in range(3)] == [3, 2, 0]


async def test_a_recovered_row_waits_for_its_date(engine: AsyncEngine) -> None:
    task = await create_one(engine, run_at=LATER + LEASE)
    await run(engine, "UPDATE tasks SET dispatch_at = NULL, updated_at = updated_at")
    assert await recover(engine) == 1
    assert (await get(engine, task.id)).dispatch_at == LATER + LEASE


async def recover(engine: AsyncEngine, *, queue: str = "default", now: datetime = LATER, limit: int = 100) -> int:
    return await dispatch.make_due_again(
        engine,
        queue=queue,
        now=now,
        untouched_since=now - 60 * SECOND,
        limit=limit,
    )
