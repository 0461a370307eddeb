"""What a heartbeat promises: it extends the lease, keeps progress, and tells of a cancellation or another claim."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import tasks
from taskflow.db.leases import Held, Lease, extend_leases
from taskflow.db.models import tasks as table
from taskflow.db.rescue import record_lost
from taskflow.db.tasks import Claimed
from taskflow.db.transaction import transact
from tests.contracts.waiting import eventually
from tests.store.databases import on_servers
from tests.store.steps import HALF, LEASE, NOON, SECOND, create_one, due, finish, get, start, started


async def test_a_heartbeat_extends_the_lease_and_changes_nothing_else(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    held = await extend(engine, claimed, now=NOON + 10 * SECOND)
    assert held == {claimed.task.id: (claimed.claim, False, True)}
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
    assert held == {first.task.id: (second.claim, False, True)}
    assert (await get(engine, first.task.id)).progress is None


async def test_a_heartbeat_learns_of_a_cancellation(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    await tasks.cancel(engine, claimed.task.id, now=NOON)
    assert await extend(engine, claimed) == {claimed.task.id: (claimed.claim, True, True)}


async def test_what_has_ended_or_is_not_there_is_not_held(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    await finish(engine, claimed)
    gone = Lease("no-such-task", 2, (HALF, None))
    ended = Lease(claimed.task.id, claimed.claim, (HALF, None))
    assert await extend_leases(engine, [gone, ended], worker_id="w", now=NOON, lease=LEASE) == {}
    assert (await get(engine, claimed.task.id)).progress is None


@on_servers
async def test_a_row_that_somebody_else_has_locked_costs_no_other_task_its_lease(engine: AsyncEngine) -> None:
    locked, free = await started(engine), await started(engine)
    leases = [Lease(one.task.id, one.claim, (HALF, None)) for one in (locked, free)]
    async with engine.connect() as connection, connection.begin(), asyncio.timeout(4):  # a lock is waited for for 5 s
        await connection.execute(sa.text(f"SELECT id FROM tasks WHERE id = '{locked.task.id}' FOR UPDATE"))
        held = await extend_leases(engine, leases, worker_id="w", now=NOON + 10 * SECOND, lease=LEASE)
    assert held == {locked.task.id: (locked.claim, False, False), free.task.id: (free.claim, False, True)}
    rows = [await get(engine, one.task.id) for one in (locked, free)]
    assert [row.dispatch_at for row in rows] == [NOON + LEASE, NOON + 10 * SECOND + LEASE]
    assert [row.progress for row in rows] == [None, HALF]


@on_servers
async def test_whoever_waits_for_a_locked_row_has_its_lease_before_a_dispatcher_takes_it_for_lost(
    engine: AsyncEngine,
) -> None:
    """The lock is that of a client that was frozen for longer than a lease."""
    claimed, late = await started(engine), NOON + LEASE + SECOND
    mine = [Lease(claimed.task.id, claimed.claim, None)]

    async def is_waiting() -> bool:
        await asyncio.sleep(0.2)  # InnoDB shows what it showed last to whoever asks again within a tenth of a second
        async with engine.connect() as connection:
            waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            return bool(await connection.scalar(sa.text(waiting)))

    async with engine.connect() as connection, connection.begin():
        await connection.execute(sa.text(f"SELECT id FROM tasks WHERE id = '{claimed.task.id}' FOR UPDATE"))
        extending = asyncio.create_task(extend_leases(engine, mine, worker_id="w", now=late, lease=LEASE, waits=True))
        await eventually(is_waiting)
    assert (await record_lost(engine, now=late, limit=9, jitter=lambda: 0.5)).tasks == {}
    assert await extending == {claimed.task.id: (claimed.claim, False, True)}
    assert await due(engine, now=late) == []


async def extend(
    engine: AsyncEngine, claimed: Claimed, *, news: tuple[float, str | None] | None = None, now: object = NOON
) -> dict[str, Held]:
    lease = Lease(claimed.task.id, claimed.claim, news)
    return await extend_leases(engine, [lease], worker_id="w", now=now, lease=LEASE)  # type: ignore[arg-type]


async def test_a_lease_begins_when_the_claim_has_its_locks(engine: AsyncEngine) -> None:
    """Else it would be over before it had begun, where somebody held them for longer than it lasts."""
    task, locked = await create_one(engine), asyncio.Event()

    async def hold(connection: AsyncConnection) -> None:
        await connection.execute(sa.update(table).where(table.c.id == task.id).values(title="Held"))
        locked.set()
        await asyncio.sleep(1.3)

    holding = asyncio.create_task(transact(engine, hold))
    await locked.wait()
    claimed = await start(engine, task.id)
    await holding
    assert claimed.task.dispatch_at
    assert claimed.task.dispatch_at >= NOON + LEASE + SECOND
    assert claimed.task.started_at == claimed.task.dispatch_at - LEASE
