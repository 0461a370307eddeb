"""What the dispatcher does to rows: `dispatch_at` says which of them the broker must be handed, and when."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.lifecycle import PUBLISH_GRACE, TaskStatus
from taskflow.db.models import StatusEvent, Task, tasks
from taskflow.db.rights import UPDATE_OF_NOTHING
from taskflow.db.rows import locked
from taskflow.db.transaction import read, transact
from taskflow.db.writing import IDS, padded

DUE: Final = (
    sa.select(tasks.c.id)
    .where(
        tasks.c.status.in_([TaskStatus.PENDING, TaskStatus.FAILED]),
        tasks.c.dispatch_at <= sa.bindparam("now"),
    )
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)


async def mark_published(engine: AsyncEngine, published: Iterable[tuple[str, TaskStatus, int]]) -> None:
    """The broker has these now, each at the (id, status, version) that was published.

    Naming the version keeps a newer lease or retry's date: a worker may have claimed the task meanwhile.
    """
    groups: dict[tuple[TaskStatus, int], list[str]] = {}
    for task_id, status, version in published:
        groups.setdefault((status, version), []).append(task_id)
    if not groups:
        return

    async def work(connection: AsyncConnection) -> None:
        for (status, version), ids in groups.items():
            named = tasks.c.id.in_(IDS), tasks.c.status == status, tasks.c.version == version
            values = {"dispatch_at": None, "updated_at": tasks.c.updated_at}
            await connection.execute(tasks.update().where(*named).values(values), {"ids": padded(ids)})

    await transact(engine, work)


async def take_due(engine: AsyncEngine, *, now: datetime, limit: int) -> tuple[list[Task], list[StatusEvent]]:
    """Take up to `limit` waiting or failed rows that have fallen due: the broker must have them now.

    They are PENDING, for their queue, or FAILED, for `task.dead`; whoever takes them has PUBLISH_GRACE to publish and
    mark them. One that is only found now, and has a date, waits for that; the events are of what is only found now.
    Safe in any number of processes at once.
    """
    is_early, grace = tasks.c.run_at > now, sa.literal(now + PUBLISH_GRACE, tasks.c.dispatch_at.type)

    async def work(connection: AsyncConnection) -> tuple[list[Task], list[StatusEvent]]:
        ids = [row.id for row in await connection.execute(DUE, {"now": now, "limit": limit})]
        locks = await locked(connection, ids)
        found = locks.tasks
        if found:
            taken = tasks.update().where(tasks.c.id.in_(IDS))
            values = {"dispatch_at": sa.case((is_early, tasks.c.run_at), else_=grace), "updated_at": tasks.c.updated_at}
            await connection.execute(taken.values(values), {"ids": padded(found)})
        return [task for task in found.values() if task.run_at is None or task.run_at <= now], locks.events

    return await transact(engine, work)


async def next_due(engine: AsyncEngine) -> datetime | None:
    """When the next row falls due, None when none will. Raises StoreUnavailable, also when nothing can be written."""

    async def work(connection: AsyncConnection) -> datetime | None:
        await connection.execute(UPDATE_OF_NOTHING)
        statement = sa.select(sa.func.min(tasks.c.dispatch_at)).where(tasks.c.status == sa.bindparam("status"))
        instants = [
            (await connection.execute(statement, {"status": status})).scalar()
            for status in (TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.FAILED)
        ]
        return min((at for at in instants if isinstance(at, datetime)), default=None)

    return await transact(engine, work)


async def make_due_again(
    engine: AsyncEngine, *, queue: str, now: datetime, untouched_since: datetime, limit: int
) -> int:
    """Make due again the PENDING rows that the broker should have had since then, and tell how many.

    For a queue whose messages would have come by now: they were purged or lost, or the program that inserted the row
    published none.
    """
    run_at = sa.func.coalesce(tasks.c.run_at, now, type_=tasks.c.run_at.type)
    candidates = (
        sa.select(tasks.c.id)
        .where(
            tasks.c.status == TaskStatus.PENDING,
            tasks.c.dispatch_at.is_(None),
            tasks.c.queue == queue,
            tasks.c.updated_at <= untouched_since,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )

    async def work(connection: AsyncConnection) -> int:
        ids = [row.id for row in await connection.execute(candidates)]
        if ids:
            values = {"dispatch_at": run_at, "updated_at": tasks.c.updated_at}
            await connection.execute(tasks.update().where(tasks.c.id.in_(IDS)).values(values), {"ids": padded(ids)})
        return len(ids)

    return await transact(engine, work)


async def is_idle(engine: AsyncEngine, *, queues: Sequence[str], until: datetime) -> bool:
    """Whether nothing in these queues waits for a worker, or falls due before `until`."""
    mine = tasks.c.queue.in_(queues)
    at_the_broker = sa.and_(tasks.c.status == TaskStatus.PENDING, tasks.c.dispatch_at.is_(None))
    due = sa.and_(
        tasks.c.status.in_([TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.FAILED]),
        tasks.c.dispatch_at <= until,
    )
    some = [sa.select(sa.literal(1)).where(mine, condition).limit(1) for condition in (at_the_broker, due)]
    return not any([await read(engine, statement) for statement in some])
