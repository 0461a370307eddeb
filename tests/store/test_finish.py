"""What the end of an attempt promises: its outcome is stored and recorded, and a stale claim changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import finishing, tasks
from taskflow.db.finishing import Finish
from taskflow.db.lifecycle import PUBLISH_GRACE, TaskStatus
from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Succeeded
from taskflow.db.tasks import Claimed
from tests.store.steps import ERROR, HALF, LEASE, NOON, SECOND, claim, create, due, finish, get, history, start, started


async def test_a_finished_task_is_as_the_row_says(engine: AsyncEngine) -> None:
    ended = await finish(engine, await started(engine), Succeeded({"ok": True}, "fine"), now=NOON + 2 * SECOND)
    assert ended is not None
    assert await get(engine, ended.id) == ended
    assert (ended.status, ended.result, ended.message) == (TaskStatus.DONE, {"ok": True}, "fine")
    assert (ended.finished_at, ended.duration_ms, ended.dispatch_at) == (NOON + 2 * SECOND, 2000, None)


async def test_each_outcome_is_recorded_in_one_batch(engine: AsyncEngine) -> None:
    claims = [await started(engine, max_attempts=2) for _ in range(5)]
    outcomes: list[Outcome] = [Succeeded(1), Failed(ERROR, 10 * SECOND), Failed(ERROR, None), Cancelled(), GivenBack()]
    finishes = [Finish(one.task, outcome) for one, outcome in zip(claims, outcomes, strict=True)]
    ended, recorded = await finishing.finish(engine, finishes, now=NOON)
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
    finishes = [Finish(claimed.task, Succeeded(number)) for number in (1, 2)]
    (first, second), recorded = await finishing.finish(engine, finishes, now=NOON)
    assert first is not None
    assert first.result == 1
    assert second is None
    assert len(recorded) == 1


async def test_finishing_what_is_not_there_is_an_answer_and_no_error(engine: AsyncEngine) -> None:
    gone = replace((await started(engine)).task, id="no-such-task")
    assert await finishing.finish(engine, [Finish(gone, Succeeded())], now=NOON) == ([None], [])
    assert await finishing.finish(engine, [], now=NOON) == ([], [])


async def test_an_attempt_given_back_does_not_count(engine: AsyncEngine) -> None:
    back = await finish(engine, await started(engine), GivenBack())
    assert back is not None
    assert (back.status, back.attempt, back.dispatch_at) == (TaskStatus.PENDING, 0, NOON)
    assert (await start(engine, back.id)).task.attempt == 1


async def test_progress_is_kept_with_the_outcome(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    (ended,), _ = await finishing.finish(engine, [Finish(claimed.task, Failed(ERROR, None), HALF)], now=NOON)
    assert ended is not None
    assert ended.progress == (await get(engine, ended.id)).progress == HALF


async def test_large_results_are_finished_in_one_batch_whatever_a_packet_holds(engine: AsyncEngine) -> None:
    claims = await claim(engine, [task.id for task in await create(engine, 80)])
    result = "é" * 131_000
    finishes = [Finish(one.task, Succeeded(result)) for one in claims if isinstance(one, Claimed)]
    ended, recorded = await finishing.finish(engine, finishes, now=NOON)
    assert len(recorded) == 80
    assert ended[-1]
    assert (await get(engine, ended[-1].id)).result == result


async def test_the_database_keeps_nothing_of_a_transaction_that_failed_midway(engine: AsyncEngine) -> None:
    """Those of another claim are a statement of their own."""
    first, second = await started(engine), await started(engine)
    await finish(engine, second, GivenBack())
    second = await start(engine, second.task.id)
    spoiled = Finish(second.task, Succeeded({"bad": {1, 2}}))
    with pytest.raises(TypeError):
        await finishing.finish(engine, [Finish(first.task, Succeeded(1)), spoiled], now=NOON)
    assert [await get(engine, one.task.id) for one in (first, second)] == [first.task, second.task]


async def test_a_request_to_cancel_that_came_meanwhile_is_kept_with_the_outcome(engine: AsyncEngine) -> None:
    claims = [await started(engine) for _ in range(3)]
    await tasks.cancel(engine, claims[1].task.id, now=NOON)
    ended, recorded = await finishing.finish(engine, [Finish(one.task, GivenBack()) for one in claims], now=NOON)
    assert [one and one.status for one in ended] == ["PENDING", "CANCELLED", "PENDING"]
    assert [one and one.version for one in ended] == [3, 4, 3]
    assert len(recorded) == 3
    assert [await get(engine, one.task.id) for one in claims] == ended
