"""What the figures are read from: each statement goes over an index of its own, and never over the rows.

Durations are read to two significant digits, so that a million of them are some hundred counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.decoding import records
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.transaction import read
from taskflow.db.types import MYSQLS

NAMES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class EndedCount:
    """How many tasks of one kind ended alike within one step, with the same rounded duration."""

    at: int
    """The step's beginning, in seconds since 1970."""
    status: TaskStatus
    kind: str
    duration_ms: int | None
    count: int


async def ended(engine: AsyncEngine, since: datetime, until: datetime, step: timedelta) -> list[EndedCount]:
    """What ended from `since` to before `until`, counted by steps of whole seconds. One statement."""
    return records(EndedCount, await read(engine, ended_statement(engine.dialect.name, since, until, step)))


def ended_statement(dialect: str, since: datetime, until: datetime, step: timedelta) -> sa.Select[Any]:
    seconds = _seconds_since_epoch(dialect)
    at = seconds - seconds % sa.literal_column(str(int(step.total_seconds())))
    columns = at.label("at"), tasks.c.status, tasks.c.kind, _rounded(tasks.c.duration_ms).label("rounded")
    statement = sa.select(*columns, sa.func.count()).where(tasks.c.finished_at >= since, tasks.c.finished_at < until)
    for name in MYSQLS:
        statement = statement.with_hint(tasks, "FORCE INDEX (idx_tasks_finished_at)", name)
    return statement.group_by(*(sa.literal_column(str(number)) for number in range(1, 5)))


def _seconds_since_epoch(dialect: str) -> sa.ColumnElement[int]:
    if dialect in MYSQLS:
        return sa.func.timestampdiff(sa.text("SECOND"), sa.literal_column("'1970-01-01'"), tasks.c.finished_at)
    return sa.cast(sa.func.strftime(sa.literal_column("'%s'"), tasks.c.finished_at), sa.Integer)


def _rounded(duration: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Down, to two significant digits; NULL where it never ran."""
    powers = [10**digits for digits in range(2, 11)]
    cases = [(duration < power, duration - duration % sa.literal_column(str(power // 100))) for power in powers]
    return sa.case((duration.is_(None), sa.null()), *cases, else_=sa.literal_column(str(powers[-1])))


async def running_by_queue(engine: AsyncEngine) -> dict[str, int]:
    """Tasks that run now; as many rows as workers have places. One statement."""
    statement = sa.select(tasks.c.queue, sa.func.count()).where(tasks.c.status == TaskStatus.PROCESSING)
    rows = await read(engine, statement.group_by(tasks.c.queue))
    return {name: count for name, count in rows if isinstance(name, str)}


async def kinds(engine: AsyncEngine) -> list[str]:
    """Every kind seen, in order, up to NAMES_MAX. One statement; a step in the index for each of them."""
    return await _names(engine, tasks.c.kind)


async def queues(engine: AsyncEngine) -> list[str]:
    """Every queue seen, in order, up to NAMES_MAX. One statement; a step in the index for each of them."""
    return await _names(engine, tasks.c.queue)


async def _names(engine: AsyncEngine, column: sa.Column[str]) -> list[str]:
    rows: Sequence[Any] = await read(engine, names_statement(column, engine.dialect.name))
    return [row[0] for row in rows if isinstance(row[0], str)]  # after the last comes NULL


def names_statement(column: sa.Column[str], dialect: str) -> sa.Select[Any]:
    """Every name there is, on SQLite NULL after the last. A loose index scan: SQLite has none of its own, and MariaDB
    makes none of what goes from name to name.
    """
    if dialect in MYSQLS:
        return sa.select(column).distinct().order_by(column).limit(NAMES_MAX)
    found = sa.select(sa.func.min(column).label("name")).cte("found", recursive=True)
    next_ = sa.select(sa.func.min(column)).where(column > found.c.name).scalar_subquery()
    found = found.union_all(sa.select(next_).where(found.c.name.is_not(None)))
    return sa.select(found.c.name).limit(NAMES_MAX)
