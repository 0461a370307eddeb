"""Lost workers: a PROCESSING row that falls due has nobody who extends its lease."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import lifecycle
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.rows import Written, locked, store
from taskflow.db.transaction import transact

EXPIRED: Final = (
    sa.select(tasks.c.id)
    .where(tasks.c.status == TaskStatus.PROCESSING, tasks.c.dispatch_at <= sa.bindparam("now"))
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)


async def record_lost(engine: AsyncEngine, *, now: datetime, limit: int, jitter: Callable[[], float]) -> Written:
    """Record up to `limit` expired attempts as failed, as any failure is: they wait for a retry, or are FAILED.

    Those that are FAILED keep their `dispatch_at` until `task.dead` has their message. Safe in any number of processes
    at once. Raises StoreUnavailable.
    """

    async def work(connection: AsyncConnection) -> Written:
        ids = [row.id for row in await connection.execute(EXPIRED, {"now": now, "limit": limit})]
        found = await locked(connection, ids)
        lost = {task.id: lifecycle.lose(task.state(), now=now, jitter=jitter()) for task in found.tasks.values()}
        return await store(connection, found, {task_id: state for task_id, state in lost.items() if state})

    return await transact(engine, work)
