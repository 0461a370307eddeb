"""What a request to cancel or retry promises, in each state of the task."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import tasks
from taskflow.db.errors import TaskNotFound, TransitionRejected
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.outcome import Cancelled, Failed
from tests.store.steps import ERROR, LATER, LEASE, NOON, SECOND, claim, create_one, due, finish, get, start, started


async def test_a_waiting_task_is_cancelled_at_once(engine: AsyncEngine) -> None:
    task = await create_one(engine)
    cancelled, (event,) = await tasks.cancel(engine, task.id, now=NOON + SECOND)
    assert (cancelled.status, cancelled.finished_at, cancelled.dispatch_at) == ("CANCELLED", NOON + SECOND, None)
    assert await get(engine, task.id) == cancelled
    assert (event.status, event.version) == (TaskStatus.CANCELLED, 2)
    assert await claim(engine, [task.id]) == [cancelled]


async def test_a_running_task_is_asked_to_stop_once(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    asked, recorded = await tasks.cancel(engine, claimed.task.id, now=NOON)
    assert (asked.status, asked.cancel_requested, asked.dispatch_at) == ("PROCESSING", True, NOON + LEASE)
    assert len(recorded) == 1
    assert await tasks.cancel(engine, claimed.task.id, now=NOON) == (asked, [])
    ended = await finish(engine, claimed, Cancelled())
    assert ended is not None
    assert (ended.status, ended.cancel_requested) == (TaskStatus.CANCELLED, False)


async def test_a_running_task_whose_worker_dies_is_cancelled_when_that_was_asked(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    await tasks.cancel(engine, claimed.task.id, now=NOON)
    assert await due(engine, now=NOON + LEASE) == []
    assert (await get(engine, claimed.task.id)).status is TaskStatus.CANCELLED


async def test_a_failed_task_can_be_retried_and_runs_again(engine: AsyncEngine) -> None:
    claimed = await started(engine, max_attempts=1)
    await finish(engine, claimed, Failed(ERROR, SECOND))
    again, _ = await tasks.retry(engine, claimed.task.id, now=NOON + timedelta(days=1))
    assert await get(engine, again.id) == again
    assert (again.status, again.attempt, again.max_attempts, again.error) == ("PENDING", 1, 2, ERROR)
    done = await finish(engine, await start(engine, again.id, now=NOON + timedelta(days=1)))
    assert done is not None
    assert (done.status, done.error, done.version) == (TaskStatus.DONE, None, 6)


@pytest.mark.parametrize("operation", [tasks.cancel, tasks.retry])
async def test_nobody_can_cancel_or_retry_what_is_not_there(engine: AsyncEngine, operation: object) -> None:
    with pytest.raises(TaskNotFound):
        await operation(engine, "no-such-task", now=NOON)  # type: ignore[operator]


async def test_a_rejected_request_changes_nothing(engine: AsyncEngine) -> None:
    done = await finish(engine, await started(engine))
    assert done is not None
    for operation in (tasks.cancel, tasks.retry):
        with pytest.raises(TransitionRejected):
            await operation(engine, done.id, now=LATER)
    assert await get(engine, done.id) == done
