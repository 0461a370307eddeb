"""What claim, finish, heartbeats, cancel and retry promise."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import tasks
from taskflow.db.errors import TaskNotFound, TransitionRejected
from taskflow.db.leases import Lease, extend_leases
from taskflow.db.lifecycle import PUBLISH_GRACE, TaskStatus
from taskflow.db.models import Task
from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Succeeded, TaskError
from taskflow.db.tasks import Claimed, Finish
from tests.store.steps import (
    LATER,
    LEASE,
    NOON,
    SECOND,
    claim,
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

ERROR = TaskError(type="Boom", message="it broke 💥", traceback="line 1\nline 2")
HALF = 0.5


# --- claim


async def test_a_claimed_task_is_as_the_row_says(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    assert await get(engine, claimed.task.id) == claimed.task
    assert (claimed.task.status, claimed.task.attempt, claimed.claim) == (TaskStatus.PROCESSING, 1, 2)
    assert (claimed.task.dispatch_at, claimed.task.started_at) == (NOON + LEASE, NOON)
    assert claimed.task.worker_id == "w"


async def test_a_claim_knows_the_event_that_records_it(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    event = (await history(engine, claimed.task.id))[-1]
    assert (event.id, event.version, event.worker_id) == (claimed.event_id, claimed.claim, "w")


async def test_claims_are_answered_in_the_order_asked_for(engine: AsyncEngine) -> None:
    ids = [task.id for task in await create(engine, 9)][::-1]
    results = await claim(engine, [*ids[:4], "no-such-task", *ids[4:]])
    assert results[4] is None
    assert [one.task.id for one in results if isinstance(one, Claimed)] == ids


async def test_an_id_that_comes_twice_is_claimed_once_and_then_as_it_is(engine: AsyncEngine) -> None:
    task = await create_one(engine)
    first, second = await claim(engine, [task.id, task.id])
    assert isinstance(first, Claimed)
    assert second == first.task


async def test_what_is_not_pending_is_given_as_it_is_and_left_alone(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    assert await claim(engine, [claimed.task.id], worker_id="other") == [claimed.task]
    done = await finish(engine, claimed)
    assert await claim(engine, [claimed.task.id], worker_id="other") == [done]
    assert await get(engine, claimed.task.id) == done


async def test_a_pending_task_whose_date_is_to_come_is_left_alone(engine: AsyncEngine) -> None:
    task = await create_one(engine, run_at=LATER)
    assert await claim(engine, [task.id]) == [task]
    assert await get(engine, task.id) == task


async def test_a_message_that_came_too_early_is_not_the_last_one(engine: AsyncEngine) -> None:
    """Its publisher's clock was ahead and has marked it as handed over; the worker has to let it go."""
    task = await create_one(engine, run_at=NOON + 5 * SECOND)
    await mark(engine, task)
    (given,) = await claim(engine, [task.id])
    assert isinstance(given, Task)
    assert [one.id for one in await due(engine, now=NOON + 5 * SECOND)] == [task.id]
    assert (await start(engine, task.id, now=NOON + 5 * SECOND)).task.version == 2


async def test_an_id_is_compared_to_the_letter(engine: AsyncEngine) -> None:
    """MySQL's own comparison takes the case for nothing: the task would be claimed, and run by nobody."""
    task = await create_one(engine, id="abcdef00-0000-7000-8000-00000000000a")
    assert await claim(engine, [task.id.upper(), task.id + " "]) == [None, None]
    assert await get(engine, task.id) == task


async def test_the_kinds_own_limit_is_written_with_the_first_claim(engine: AsyncEngine) -> None:
    own, asked = await create_one(engine), await create_one(engine, max_attempts=9)
    await claim(engine, [own.id, asked.id], limit=5)
    assert (await get(engine, own.id)).max_attempts == 5
    assert (await get(engine, asked.id)).max_attempts == 9


async def test_claiming_nothing_is_nothing(engine: AsyncEngine) -> None:
    assert await claim(engine, []) == []


# --- finish


async def test_a_finished_task_is_as_the_row_says(engine: AsyncEngine) -> None:
    ended = await finish(engine, await started(engine), Succeeded({"ok": True}, "fine"), now=NOON + 2 * SECOND)
    assert ended is not None
    assert await get(engine, ended.id) == ended
    assert (ended.status, ended.result, ended.message) == (TaskStatus.DONE, {"ok": True}, "fine")
    assert (ended.finished_at, ended.duration_ms, ended.dispatch_at) == (NOON + 2 * SECOND, 2000, None)


async def test_each_outcome_is_recorded_in_one_batch(engine: AsyncEngine) -> None:
    claims = [await started(engine, max_attempts=2) for _ in range(5)]
    outcomes: list[Outcome] = [Succeeded(1), Failed(ERROR, 10 * SECOND), Failed(ERROR, None), Cancelled(), GivenBack()]
    finishes = [Finish(one.task.id, one.claim, outcome) for one, outcome in zip(claims, outcomes, strict=True)]
    ended, recorded = await tasks.finish(engine, finishes, now=NOON)
    assert [task and task.status for task in ended] == ["DONE", "PENDING", "FAILED", "CANCELLED", "PENDING"]
    assert [task and task.dispatch_at for task in ended] == [
        None,
        NOON + 10 * SECOND,
        NOON + PUBLISH_GRACE,
        None,
        NOON,
    ]
    assert sorted(event.task_id for event in recorded) == sorted(one.task.id for one in claims)


async def test_a_failure_keeps_its_error_on_the_row_and_in_the_history(engine: AsyncEngine) -> None:
    ended = await finish(engine, await started(engine), Failed(ERROR, None))
    assert ended is not None
    assert ended.error == ERROR
    assert (await history(engine, ended.id))[-1].error == ERROR


async def test_a_stale_claim_changes_nothing(engine: AsyncEngine) -> None:
    first = await started(engine)
    await due(engine, now=NOON + LEASE)
    second = await start(engine, first.task.id, now=NOON + 2 * LEASE, worker_id="other")
    assert await finish(engine, first, Succeeded("late")) is None
    assert await get(engine, first.task.id) == second.task
    assert await finish(engine, second, Succeeded("mine")) is not None
    assert await finish(engine, first, Failed(ERROR, SECOND)) is None
    assert (await get(engine, first.task.id)).result == "mine"


async def test_finishing_twice_in_one_batch_counts_once(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    finishes = [Finish(claimed.task.id, claimed.claim, Succeeded(number)) for number in (1, 2)]
    (first, second), recorded = await tasks.finish(engine, finishes, now=NOON)
    assert first is not None
    assert first.result == 1
    assert second is None
    assert len(recorded) == 1


async def test_finishing_what_is_not_there_is_an_answer_and_no_error(engine: AsyncEngine) -> None:
    assert await tasks.finish(engine, [Finish("no-such-task", 2, Succeeded())], now=NOON) == ([None], [])
    assert await tasks.finish(engine, [], now=NOON) == ([], [])


async def test_an_attempt_given_back_does_not_count(engine: AsyncEngine) -> None:
    back = await finish(engine, await started(engine), GivenBack())
    assert back is not None
    assert (back.status, back.attempt, back.dispatch_at) == (TaskStatus.PENDING, 0, NOON)
    assert (await start(engine, back.id)).task.attempt == 1


async def test_progress_is_kept_with_the_outcome(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    (ended,), _ = await tasks.finish(
        engine, [Finish(claimed.task.id, claimed.claim, Failed(ERROR, None), HALF)], now=NOON
    )
    assert ended is not None
    assert ended.progress == (await get(engine, ended.id)).progress == HALF


async def test_large_results_are_finished_in_one_batch_whatever_a_packet_holds(engine: AsyncEngine) -> None:
    claims = await claim(engine, [task.id for task in await create(engine, 80)])
    result = "é" * 131_000
    finishes = [Finish(one.task.id, one.claim, Succeeded(result)) for one in claims if isinstance(one, Claimed)]
    ended, recorded = await tasks.finish(engine, finishes, now=NOON)
    assert len(recorded) == 80
    assert ended[-1]
    assert (await get(engine, ended[-1].id)).result == result


# --- heartbeats


async def test_a_heartbeat_extends_the_lease_and_changes_nothing_else(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    held = await extend(engine, claimed, now=NOON + 10 * SECOND)
    assert held == {claimed.task.id: (claimed.claim, False)}
    row = await get(engine, claimed.task.id)
    assert row.dispatch_at == NOON + 10 * SECOND + LEASE
    assert (row.updated_at, row.version) == (NOON, claimed.claim)
    assert await due(engine, now=NOON + LEASE) == []


async def test_a_heartbeat_keeps_progress_under_the_same_version(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    await extend(engine, claimed, news=(HALF, "halfway 🌓"))
    row = await get(engine, claimed.task.id)
    assert (row.progress, row.message, row.version, row.updated_at) == (HALF, "halfway 🌓", 2, NOON)


async def test_a_heartbeat_learns_that_the_task_is_somebody_elses(engine: AsyncEngine) -> None:
    first = await started(engine)
    await due(engine, now=NOON + LEASE)
    second = await start(engine, first.task.id, now=NOON + 2 * LEASE, worker_id="other")
    assert await extend(engine, first, news=(HALF, "late"), now=NOON + 3 * LEASE) == {}
    assert await get(engine, first.task.id) == second.task


async def test_a_heartbeat_for_an_old_claim_of_this_same_worker_tells_the_new_one(engine: AsyncEngine) -> None:
    first = await started(engine)
    await due(engine, now=NOON + LEASE)
    second = await start(engine, first.task.id, now=NOON + 2 * LEASE)
    held = await extend(engine, first, news=(HALF, "late"), now=NOON + 2 * LEASE)
    assert held == {first.task.id: (second.claim, False)}
    assert (await get(engine, first.task.id)).progress is None


async def test_a_heartbeat_learns_of_a_cancellation(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    await tasks.cancel(engine, claimed.task.id, now=NOON)
    assert await extend(engine, claimed) == {claimed.task.id: (claimed.claim, True)}


async def test_what_has_ended_or_is_not_there_is_not_held(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    await finish(engine, claimed)
    gone = Lease("no-such-task", 2, (HALF, None))
    ended = Lease(claimed.task.id, claimed.claim, (HALF, None))
    assert await extend_leases(engine, [gone, ended], worker_id="w", now=NOON, lease=LEASE) == {}
    assert (await get(engine, claimed.task.id)).progress is None


async def extend(
    engine: AsyncEngine, claimed: Claimed, *, news: tuple[float, str | None] | None = None, now: object = NOON
) -> dict[str, tuple[int, bool]]:
    lease = Lease(claimed.task.id, claimed.claim, news)
    return await extend_leases(engine, [lease], worker_id="w", now=now, lease=LEASE)  # type: ignore[arg-type]


# --- cancel and retry


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


async def test_the_database_keeps_nothing_of_a_transaction_that_failed_midway(engine: AsyncEngine) -> None:
    claims = [await started(engine) for _ in range(3)]
    finishes = [Finish(one.task.id, one.claim, Succeeded(1)) for one in claims]
    spoiled = Finish(finishes[1].task_id, finishes[1].claim, Succeeded({"bad": {1, 2}}))
    with pytest.raises(sa.exc.StatementError):
        await tasks.finish(engine, [finishes[0], spoiled, finishes[2]], now=NOON)
    assert [await get(engine, one.task.id) for one in claims] == [one.task for one in claims]
