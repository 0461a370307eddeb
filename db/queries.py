"""Every read. Pages go by key, never by offset; each query has an index that gives it its rows in order."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import match
from sqlalchemy.ext.asyncio import AsyncEngine

from db.lifecycle import TaskStatus
from db.models import MYSQLS, Recorded, Task, TaskEvent, task_events, tasks
from db.rows import IDS, RECORDED_COLUMNS, padded
from db.transaction import read

SHORTEST_INDEXED_WORD: Final = 3
"""InnoDB's full-text index leaves out shorter ones."""
OVERLAP_IDS: Final = 1000
OVERLAP_TIME: Final = timedelta(seconds=5)
"""How far before an event others may still have been uncommitted when it was seen: ids are given before the commit."""


class OrderField(StrEnum):
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks. An empty tuple means any; times bound `created_at`, the first inclusive, the last exclusive."""

    statuses: tuple[TaskStatus, ...] = ()
    kinds: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    search: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    field: OrderField = OrderField.CREATED_AT
    descending: bool = True

    def reversed(self) -> "Order":
        return Order(self.field, not self.descending)

    def key(self, task: Task) -> tuple[datetime, str]:
        return getattr(task, self.field), task.id


async def get(engine: AsyncEngine, ids: Iterable[str]) -> dict[str, Task]:
    """Those of the tasks that there are."""
    names = list(ids)
    if not names:
        return {}
    rows = await read(engine, sa.select(tasks).where(tasks.c.id.in_(IDS)), {"ids": padded(names)})
    return {row.id: Task(*row) for row in rows}


async def page(
    engine: AsyncEngine, where: Filter, order: Order, *, after: tuple[datetime, str] | None, limit: int
) -> list[Task]:
    """The first `limit` tasks in that order, beyond the key `after`. One statement."""
    statement = page_statement(engine.dialect.name, where, order, after=after, limit=limit)
    found = [Task(*row) for row in await read(engine, statement)]
    return sorted(found, key=order.key, reverse=order.descending)[:limit]


def page_statement(
    dialect: str, where: Filter, order: Order, *, after: tuple[datetime, str] | None, limit: int
) -> sa.Executable:
    """On MySQL a filter of several values becomes a union, so that each branch reads its index in order, and stops."""
    on_mysql = dialect in MYSQLS
    index, column, values = _index(where, order)
    branches: list[Any] = []
    for one in values or [None]:
        statement = sa.select(tasks).where(*_conditions(where, dialect, leave_out=column if one else None))
        if one is not None:
            statement = statement.where(tasks.c[column] == one)
        statement = _in_order(statement, order, after).limit(limit)
        if on_mysql and not where.search:
            for name in MYSQLS:
                statement = statement.with_hint(tasks, f"FORCE INDEX ({index})", name)
        branches.append(statement)
    if len(branches) == 1:
        return branches[0]  # type: ignore[no-any-return]
    if on_mysql:
        return sa.union_all(*branches)
    everything = sa.select(tasks).where(*_conditions(where, dialect, leave_out=None))
    return _in_order(everything, order, after).limit(limit)


def _index(where: Filter, order: Order) -> tuple[str, str, Sequence[Any]]:
    """The index that gives a page in order, its first column, and the values that the filter has for that column."""
    if order.field is OrderField.CREATED_AT:
        for column, values in (("status", where.statuses), ("kind", where.kinds), ("queue", where.queues)):
            if values:
                return f"idx_tasks_{column}", column, values
    return f"idx_tasks_{order.field}", order.field, ()


def _in_order(statement: sa.Select[Any], order: Order, after: tuple[datetime, str] | None) -> sa.Select[Any]:
    column, id_ = tasks.c[order.field], tasks.c.id
    if after is not None:
        at, last = after
        if order.descending:
            statement = statement.where(column <= at, sa.or_(column < at, id_ < last))
        else:
            statement = statement.where(column >= at, sa.or_(column > at, id_ > last))
    return statement.order_by(column.desc(), id_.desc()) if order.descending else statement.order_by(column, id_)


def _conditions(where: Filter, dialect: str, *, leave_out: str | None) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for column, values in (("status", where.statuses), ("kind", where.kinds), ("queue", where.queues)):
        if values and column != leave_out:
            conditions.append(tasks.c[column].in_(values))
    if where.created_after is not None:
        conditions.append(tasks.c.created_at >= where.created_after)
    if where.created_before is not None:
        conditions.append(tasks.c.created_at < where.created_before)
    if where.search is not None:
        conditions.append(_matches(where.search, dialect))
    return conditions


def search_words(search: str) -> list[str]:
    """What a title is searched for: its words, each matched by its beginning."""
    return re.findall(r"\w+", search.lower())


def _matches(search: str, dialect: str) -> sa.ColumnElement[bool]:
    words = search_words(search)
    if not words:
        return sa.false()
    by_id = tasks.c.id == search.strip()
    if dialect == "sqlite":
        terms = " ".join(f'"{word}"*' for word in words)
        found = sa.text("SELECT id FROM tasks_search WHERE tasks_search MATCH :terms").bindparams(terms=terms)
        return sa.or_(by_id, tasks.c.id.in_(found.columns(tasks.c.id)))
    indexed = [word for word in words if len(word) >= SHORTEST_INDEXED_WORD]
    short = [
        sa.or_(tasks.c.title.like(f"{word}%"), tasks.c.title.regexp_match(f"[^[:alnum:]_]{word}"))
        for word in words
        if len(word) < SHORTEST_INDEXED_WORD
    ]
    if not indexed:
        return sa.or_(by_id, sa.and_(*short))
    if len(search.strip()) == 36 and search.count("-") == 4:
        return by_id
    return sa.and_(match(tasks.c.title, against=" ".join(f"+{word}*" for word in indexed)).in_boolean_mode(), *short)


async def count(engine: AsyncEngine, where: Filter) -> int:
    statement = sa.select(sa.func.count()).select_from(tasks)
    rows = await read(engine, statement.where(*_conditions(where, engine.dialect.name, leave_out=None)))
    return int(rows[0][0])


async def count_by_status(engine: AsyncEngine) -> dict[TaskStatus, int]:
    """Every status, zeros included. Reads the whole status index: cache it."""
    rows = await read(engine, sa.select(tasks.c.status, sa.func.count()).group_by(tasks.c.status))
    return dict.fromkeys(TaskStatus, 0) | {row[0]: row[1] for row in rows}


async def histories(engine: AsyncEngine, ids: Iterable[str]) -> dict[str, list[TaskEvent]]:
    """The whole history of each task, oldest first. One statement."""
    names = list(ids)
    found: dict[str, list[TaskEvent]] = {task_id: [] for task_id in names}
    if names:
        statement = sa.select(task_events).where(task_events.c.task_id.in_(IDS))
        in_order = statement.order_by(task_events.c.task_id, task_events.c.version)
        for row in await read(engine, in_order, {"ids": padded(names)}):
            found.setdefault(row.task_id, []).append(TaskEvent(*row))
    return found


async def last_event_id(engine: AsyncEngine, task_id: str | None = None) -> int:
    """Of one task, or of all; 0 when nothing is recorded."""
    statement = sa.select(sa.func.max(task_events.c.id))
    if task_id is not None:
        statement = statement.where(task_events.c.task_id == task_id)
    return (await read(engine, statement))[0][0] or 0


async def replay_start(engine: AsyncEngine, after: int) -> int:
    """Where a watcher of all tasks who saw `after` resumes: before it, by as much as commits may overlap."""
    id_, at = task_events.c.id, task_events.c.at
    seen = await read(engine, sa.select(at).where(id_ <= after).order_by(id_.desc()).limit(1))
    if not seen:
        return after
    recent = sa.select(sa.func.min(id_)).where(id_ > after - OVERLAP_IDS, id_ <= after, at >= seen[0].at - OVERLAP_TIME)
    first: int | None = (await read(engine, recent))[0][0]
    return after if first is None else first - 1


async def event_ids(engine: AsyncEngine, *, after: int, limit: int) -> list[int]:
    statement = sa.select(task_events.c.id).where(task_events.c.id > after).order_by(task_events.c.id).limit(limit)
    return [row.id for row in await read(engine, statement)]


async def recorded(
    engine: AsyncEngine, *, after: int, limit: int, task_id: str | None = None, among: Sequence[int] | None = None
) -> list[Recorded]:
    """Changes with ids above `after`, in their order: of all tasks, of one, or those with the ids named."""
    joined = sa.select(*RECORDED_COLUMNS).join(tasks, tasks.c.id == task_events.c.task_id)
    statement = joined.where(task_events.c.id > after).order_by(task_events.c.id).limit(limit)
    if task_id is not None:
        statement = statement.where(task_events.c.task_id == task_id)
    if among is not None:
        statement = statement.where(task_events.c.id.in_(among))
    return [Recorded(*row) for row in await read(engine, statement)]
