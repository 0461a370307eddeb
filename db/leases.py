"""What a heartbeat writes: the leases of all that a worker runs, and their progress."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.transaction import going_on_from, transact
from taskflow.db.writing import IDS, padded


@dataclass(frozen=True, slots=True)
class Lease:
    """What a heartbeat says of one running task; `news` is its latest progress and message, None without any."""

    task_id: str
    claim: int
    news: tuple[float, str | None] | None


class Held(NamedTuple):
    """A task that is still this worker's, under that claim."""

    claim: int
    cancel_requested: bool
    is_extended: bool


async def extend_leases(
    engine: AsyncEngine,
    leases: Sequence[Lease],
    *,
    worker_id: str,
    now: datetime,
    lease: timedelta,
    waits: bool = False,
) -> dict[str, Held]:
    """Keep the tasks that run here for another `lease`, and write their progress. Those that are not given are lost.

    A row that somebody else has locked is not extended, since the others' leases must not wait for it; unless `waits`.
    """
    ids = {"ids": padded(one.task_id for one in leases)}
    mine = tasks.c.id.in_(IDS), tasks.c.status == TaskStatus.PROCESSING, tasks.c.worker_id == worker_id
    free = sa.select(tasks.c.id).where(*mine).order_by(tasks.c.id).with_for_update(skip_locked=not waits)
    clock = going_on_from(now)

    async def work(connection: AsyncConnection) -> dict[str, Held]:
        reached = set((await connection.execute(free, ids)).scalars())
        if reached:
            values = {"dispatch_at": clock() + lease, "updated_at": tasks.c.updated_at}
            await connection.execute(tasks.update().where(tasks.c.id.in_(IDS)).values(values), {"ids": padded(reached)})
        for one in leases:
            if one.news is not None and one.task_id in reached:
                await _tell(connection, one, one.news)
        rows = await connection.execute(
            sa.select(tasks.c.id, tasks.c.claim, tasks.c.cancel_requested).where(*mine), ids
        )
        return {row.id: Held(row.claim, row.cancel_requested, row.id in reached) for row in rows}

    return await transact(engine, work)


async def _tell(connection: AsyncConnection, lease: Lease, news: tuple[float, str | None]) -> None:
    named = tasks.c.id == lease.task_id, tasks.c.claim == lease.claim
    progress, message = news
    values = {"progress": progress, "message": message, "updated_at": tasks.c.updated_at}
    await connection.execute(tasks.update().where(*named).values(values))
