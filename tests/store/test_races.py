"""Many at once: each row is taken once, and every history stays sound."""

from __future__ import annotations

import asyncio
import random

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, finishing, tasks
from taskflow.db.errors import TransitionRejected
from taskflow.db.finishing import Finish
from taskflow.db.leases import Lease, extend_leases
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.outcome import GivenBack, Succeeded
from taskflow.db.rows import locked
from taskflow.db.tasks import Claimed
from tests.store.databases import on_servers
from tests.store.steps import (
    LATER,
    LEASE,
    NOON,
    SECOND,
    all_tasks,
    claim,
    create,
    create_one,
    due,
    finish,
    get,
    mark,
    started,
)


async def test_ten_workers_claim_each_of_five_hundred_tasks_once(engine: AsyncEngine) -> None:
    ids = [task.id for task in await create(engine, 500)]

    async def work(name: str) -> list[str]:
        mine = random.Random(name).sample(ids, len(ids))
        taken: list[str] = []
        for start in range(0, len(mine), 50):
            results = await claim(engine, mine[start : start + 50], worker_id=name)
            taken += [one.task.id for one in results if isinstance(one, Claimed)]
        return taken

    taken = await asyncio.gather(*(work(f"worker {number}") for number in range(10)))
    assert sorted(task_id for some in taken for task_id in some) == sorted(ids)
    rows = await all_tasks(engine)
    assert {(row.status, row.attempt, row.version) for row in rows} == {(TaskStatus.PROCESSING, 1, 2)}


async def test_dispatchers_in_parallel_never_take_the_same_row(engine: AsyncEngine) -> None:
    ids = [task.id for task in await create(engine, 300)]
    lost = [(await started(engine)).task.id for _ in range(5)]

    async def dispatch_all() -> list[str]:
        taken: list[str] = []
        while some := await due(engine, now=LATER, limit=20):
            taken += [task.id for task in some]
        return taken

    taken = [task_id for some in await asyncio.gather(*(dispatch_all() for _ in range(5))) for task_id in some]
    assert sorted(taken) == sorted(ids)
    assert {(await get(engine, one)).version for one in lost} == {3}


@on_servers
async def test_a_dispatcher_does_not_wait_for_rows_that_a_worker_is_claiming(engine: AsyncEngine) -> None:
    held, free = await create_one(engine), await create_one(engine)
    async with engine.connect() as connection:
        await locked(connection, [held.id])
        async with asyncio.timeout(2):
            assert [task.id for task in await due(engine, now=LATER)] == [free.id]
        await connection.rollback()
    assert [task.id for task in await due(engine, now=LATER)] == [held.id]


async def test_recoveries_in_parallel_make_each_row_due_once(engine: AsyncEngine) -> None:
    await mark(engine, *await create(engine, 100))
    counts = await asyncio.gather(
        *(
            dispatch.make_due_again(engine, queue="default", now=LATER, untouched_since=LATER - SECOND, limit=100)
            for _ in range(4)
        )
    )
    assert sum(counts) == 100


async def test_of_a_finish_and_a_lost_lease_only_one_counts(engine: AsyncEngine) -> None:
    for _ in range(10):
        claimed = await started(engine)
        ended, _ = await asyncio.gather(finish(engine, claimed, now=NOON + LEASE), due(engine, now=NOON + LEASE))
        row = await get(engine, claimed.task.id)
        assert row.version == 3
        assert row.status is (TaskStatus.DONE if ended else TaskStatus.PENDING)


async def test_of_a_cancellation_and_a_claim_each_sees_what_the_other_did(engine: AsyncEngine) -> None:
    for _ in range(10):
        task = await create_one(engine)
        (given,), (cancelled, _) = await asyncio.gather(
            claim(engine, [task.id]), tasks.cancel(engine, task.id, now=NOON)
        )
        row = await get(engine, task.id)
        if isinstance(given, Claimed):
            assert (row.status, row.cancel_requested, row.version) == (TaskStatus.PROCESSING, True, 3)
        else:
            assert (row.status, row.version) == (TaskStatus.CANCELLED, 2)
        assert row == cancelled


async def test_everything_at_once_leaves_every_history_sound(engine: AsyncEngine) -> None:
    """Claims, finishes, heartbeats, dispatchers, cancellations, retries and late marks, over the same rows."""
    some = await create(engine, 60)
    ids = [task.id for task in some]

    async def worker(name: str) -> None:
        chance = random.Random(name)
        for _ in range(8):
            claims = await claim(engine, chance.sample(ids, 20), now=NOON, worker_id=name)
            mine = [one for one in claims if isinstance(one, Claimed)]
            leases = [Lease(one.task.id, one.claim, (0.5, name)) for one in mine]
            await extend_leases(engine, leases, worker_id=name, now=NOON, lease=LEASE)
            finishes = [Finish(one.task, GivenBack() if chance.random() < 0.8 else Succeeded(name)) for one in mine]
            await finishing.finish(engine, finishes[::2], now=NOON)

    async def dispatcher() -> None:
        for _ in range(8):
            taken = await due(engine, now=LATER, limit=30)
            await mark(engine, *taken, *random.Random(1).sample(some, 10))

    async def person(name: str) -> None:
        chance = random.Random(name)
        for task_id in chance.sample(ids, 15):
            try:
                await chance.choice([tasks.cancel, tasks.retry])(engine, task_id, now=NOON)
            except TransitionRejected:
                continue

    await asyncio.gather(*(worker(f"w{number}") for number in range(4)), dispatcher(), dispatcher(), person("a"))
