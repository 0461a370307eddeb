"""What a claim promises: who asks first gets the task as its row says, and nobody else gets it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task
from taskflow.db.tasks import Claimed
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
