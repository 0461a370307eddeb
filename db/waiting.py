"""Since when the oldest task waits that a worker could run: each look is a step into an index, and reads no row.

A task waits since it became PENDING, or since its date. The broker has it, or should have had it by now.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.figures import NAMES_MAX, names_of
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.transaction import read

LATE_MAX: Final = 1000
"""Of what should have been handed to the broker, and was not, so many are looked at: those that fell due first."""


async def oldest_due(engine: AsyncEngine, *, now: datetime) -> dict[str, datetime]:
    """By queue, since when the oldest task waits; without the queues in which none does. Two statements."""
    found: dict[str, datetime] = {}
    for queue, *instants in await read(engine, _at_the_broker()):
        _keep_oldest(found, queue, (at for at in instants if at is not None))
    for queue, run_at, updated_at in await read(engine, _late(now)):
        _keep_oldest(found, queue, [run_at or updated_at])
    return found


def _keep_oldest(found: dict[str, datetime], queue: object, instants: Iterable[object]) -> None:
    for at in instants:
        if isinstance(queue, str) and isinstance(at, datetime):
            found[queue] = min(at, found.get(queue, at))


def _at_the_broker() -> sa.Select[Any]:
    """For each queue the first without a date, and the first of those with one."""
    queues = names_of(tasks.c.queue)
    theirs = (
        tasks.c.status == TaskStatus.PENDING,
        tasks.c.dispatch_at.is_(None),
        tasks.c.queue == queues.c.name,
    )
    first = sa.select(tasks.c.updated_at).where(*theirs, tasks.c.run_at.is_(None)).order_by(tasks.c.updated_at).limit(1)
    dated = sa.select(tasks.c.run_at).where(*theirs, tasks.c.run_at.is_not(None)).order_by(tasks.c.run_at).limit(1)
    columns = queues.c.name, first.scalar_subquery(), dated.scalar_subquery()
    return sa.select(*columns).where(queues.c.name.is_not(None)).limit(NAMES_MAX)


def _late(now: datetime) -> sa.Select[Any]:
    late = tasks.c.status == TaskStatus.PENDING, tasks.c.dispatch_at <= now
    statement = sa.select(tasks.c.queue, tasks.c.run_at, tasks.c.updated_at).where(*late)
    return statement.order_by(tasks.c.dispatch_at).limit(LATE_MAX)
