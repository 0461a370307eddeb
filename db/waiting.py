"""Since when the oldest task waits that a worker could run: each look is a step into an index, and reads no row.

A task waits since it became PENDING, or since its date. The broker has it, or should have had it by now.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.figures import queues
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.transaction import read

LATE_MAX: Final = 1000
"""Of what should have been handed to the broker, and was not, so many are looked at: those that fell due first."""


async def oldest_due(engine: AsyncEngine, *, now: datetime) -> dict[str, datetime]:
    """By queue, since when the oldest task waits; without the queues in which none does. Raises StoreUnavailable."""
    found: dict[str, datetime] = {}
    if names := await queues(engine):
        for queue, at in await read(engine, _at_the_broker(names)):
            _keep_oldest(found, queue, at)
    for queue, run_at, updated_at in await read(engine, _late(now)):
        _keep_oldest(found, queue, run_at or updated_at)
    return found


def _keep_oldest(found: dict[str, datetime], queue: object, at: object) -> None:
    if isinstance(queue, str) and isinstance(at, datetime):
        found[queue] = min(at, found.get(queue, at))


def _at_the_broker(names: Sequence[str]) -> sa.CompoundSelect[Any]:
    """For each queue the first without a date, and the first of those with one: each a statement of its own, of a queue
    that is known, since MySQL sorts what it looks up for another row.
    """
    undated, dated = tasks.c.run_at.is_(None), tasks.c.run_at.is_not(None)
    orders = (tasks.c.updated_at, undated), (tasks.c.run_at, dated)
    return sa.union_all(*(_first(name, column, having) for name in names for column, having in orders))


def _first(queue: str, column: sa.Column[datetime], having: sa.ColumnElement[bool]) -> sa.Select[Any]:
    theirs = tasks.c.status == TaskStatus.PENDING, tasks.c.dispatch_at.is_(None), tasks.c.queue == queue
    first = sa.select(tasks.c.queue, column.label("at")).where(*theirs, having).order_by(column).limit(1)
    return sa.select(first.subquery())


def _late(now: datetime) -> sa.Select[Any]:
    late = tasks.c.status == TaskStatus.PENDING, tasks.c.dispatch_at <= now
    statement = sa.select(tasks.c.queue, tasks.c.run_at, tasks.c.updated_at).where(*late)
    return statement.order_by(tasks.c.dispatch_at).limit(LATE_MAX)
