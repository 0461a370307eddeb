"""Ended tasks are deleted, in small sets by key: the row, its history, and with it what searches find.

Nobody else touches a row that has ended but who retries it: rows are locked, and whose lock is taken is left alone.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import audit
from taskflow.db.audit import Act
from taskflow.db.errors import TaskNotFound, TransitionRejected
from taskflow.db.lifecycle import ENDED, TaskStatus
from taskflow.db.models import task_events, tasks
from taskflow.db.operating import dead_letters
from taskflow.db.transaction import read, transact
from taskflow.db.types import MYSQLS, UNREADABLE
from taskflow.db.writing import IDS, padded

LOCK: Final = "CONCAT('taskflow_retention ', LEFT(SHA2(DATABASE(), 256), 40))"
"""By which one process at a time prunes: then all of them together cost what one may."""

SEARCHED: Final = sa.table("tasks_search", sa.column("id"))
"""What SQLite searches; a trigger keeps it, and does nothing for a row without words."""
DELETE: Final = sa.text(
    "DELETE tasks, task_events FROM tasks LEFT JOIN task_events ON task_events.task_id = tasks.id "
    "WHERE tasks.id IN :ids"
).bindparams(IDS)
"""One round trip for both tables."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a set came to. `after` is where the next one begins; None after the last."""

    deleted: int
    after: datetime | None


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[bool]:
    """Whether no other process is in here. For economy alone: to prune at the same time is safe.

    SQLite has no such lock; its writers come one after the other anyway. Raises what the driver raises.
    """
    if engine.dialect.name not in MYSQLS:
        yield True
        return
    async with engine.connect() as connection:
        try:
            is_ours = bool(await connection.scalar(sa.text(f"SELECT GET_LOCK({LOCK}, 0)")))
            await connection.commit()
            yield is_ours
            if is_ours:
                await connection.scalar(sa.text(f"SELECT RELEASE_LOCK({LOCK})"))
                await connection.commit()
        except BaseException:
            await connection.invalidate()  # in the pool, it would keep the lock
            raise


async def prune(
    engine: AsyncEngine, status: TaskStatus, *, before: datetime, after: datetime | None, limit: int
) -> Pruned:
    """Delete up to `limit` tasks of that status that ended before `before`, those that ended first, from `after` on.

    One that is FAILED is kept until `task.dead` has its message. Raises StoreUnavailable.
    """
    at = tasks.c.finished_at
    which = sa.func.coalesce(tasks.c.status, tasks.c.status)  # else SQLite reads the index of statuses, and sorts it
    due = sa.select(tasks.c.id, at).where(at < before, which == status, tasks.c.dispatch_at.is_(None))
    due = due.order_by(at).limit(limit).with_for_update(skip_locked=True)
    due = due if after is None else due.where(at >= after)

    async def work(connection: AsyncConnection) -> Sequence[Any]:
        rows = (await connection.execute(due)).all()
        await _delete(connection, [row.id for row in rows])
        return rows

    rows = await transact(engine, work)
    return Pruned(len(rows), rows[-1].finished_at if len(rows) == limit else None)


async def prune_letters(engine: AsyncEngine, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` dead letters that are older than that; how many. Raises StoreUnavailable."""
    at = dead_letters.c.at
    rows = await read(engine, sa.select(dead_letters.c.id).where(at < before).order_by(at).limit(limit))

    async def work(connection: AsyncConnection) -> int:
        ids = [row.id for row in rows]
        return (await connection.execute(dead_letters.delete().where(dead_letters.c.id.in_(ids)))).rowcount

    return await transact(engine, work) if rows else 0


async def delete(engine: AsyncEngine, task_id: str, act: Act, *, now: datetime) -> None:
    """Delete one that has ended, with the entry that says who did; a message of it in `task.dead` stays there.

    Raises TaskNotFound, TransitionRejected, StoreUnavailable.
    """
    named = sa.select(tasks.c.id, tasks.c.status).where(tasks.c.id == task_id).with_for_update()

    async def work(connection: AsyncConnection) -> None:
        row: Any = (await connection.execute(named)).one_or_none()
        if row is None or row.id != task_id:  # MySQL finds an id in another case too
            raise TaskNotFound(task_id)
        if row.status not in ENDED:
            status = "unreadable" if row.status is UNREADABLE else str(row.status)
            raise TransitionRejected(task_id, status, "only one that has ended can be deleted")
        await _delete(connection, [task_id])
        await audit.write(connection, act, now=now)

    await transact(engine, work)


async def _delete(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """These rows, locked, and their histories."""
    if not ids:
        return
    names = {"ids": padded(ids)}
    if connection.dialect.name in MYSQLS:
        await connection.execute(DELETE, names)
        return
    # SQLite's trigger would look through all that is searched for each of them
    await connection.execute(SEARCHED.delete().where(SEARCHED.c.id.in_(IDS)), names)
    await connection.execute(tasks.update().where(tasks.c.id.in_(IDS)).values(words=None), names)
    await connection.execute(task_events.delete().where(task_events.c.task_id.in_(IDS)), names)
    await connection.execute(tasks.delete().where(tasks.c.id.in_(IDS)), names)
