"""A page of a list, by key and never by offset: an index that gives its rows in order, or few rows that are sorted.

Which rows is read from the index alone, then those rows: of 20,000 failed tasks, the few of a kind are found in 10 ms.
On MySQL the index is named: left to itself, MariaDB reads a whole status from its start to a page in the middle.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.decoding import records
from taskflow.db.filters import Filter, Key, Order, OrderField, conditions, is_id, is_one_of, matches, reads
from taskflow.db.models import Task, tasks
from taskflow.db.transaction import read
from taskflow.db.types import MYSQLS, UNREADABLE

FEW: Final = 3000
"""Rows that are sorted sooner than a page of them is found among all the others in order."""
FEW_OF_A_TIME: Final = 100_000
"""The same for those created within some time: they changed within some time too, and all others may come first."""
NEXT: Final = 4_000
"""Rows that a search reads, from where its page begins, before it asks the index of words."""


async def page(engine: AsyncEngine, where: Filter, order: Order, *, after: Key | None, limit: int) -> list[Task]:
    """The first `limit` tasks in that order, beyond the key `after`: of those that can be read."""
    asked = limit
    while True:
        found = await _page(engine, where, order, after, asked)
        if len(found.tasks) >= limit or not found.left_out or len(found.tasks) + found.left_out < asked:
            return found.tasks[:limit]
        asked += found.left_out


class _Found(NamedTuple):
    """How many rows could not be read, and are missing among the tasks."""

    tasks: list[Task]
    left_out: int


async def _page(engine: AsyncEngine, where: Filter, order: Order, after: Key | None, limit: int) -> _Found:
    dialect = engine.dialect.name
    if where.search is None:
        few = await _few(engine, where, order) if dialect in MYSQLS else None
        keys = _keys(few, where, order, after, limit) if few else _keys_by_index(dialect, where, order, after, limit)
        return await _load(engine, _rows_of(keys, order))
    if is_id(where.search):
        found = _ordered(sa.select(tasks), where, order, after, limit).where(await passing(engine, where.search))
        return await _load(engine, found)
    return await _search(engine, where, where.search, order, after, limit)


async def passing(engine: AsyncEngine, search: str) -> sa.ColumnElement[bool]:
    """An id finds its task alone; anything else, and an id that no task has, the titles that have its words."""
    by_id = tasks.c.id == search.strip()
    if is_id(search) and await read(engine, sa.select(tasks.c.id).where(by_id)):
        return by_id
    return matches(search, engine.dialect.name)


def _rows_of(keys: sa.Select[Any] | sa.CompoundSelect[Any], order: Order) -> sa.Select[Any]:
    found = keys.subquery()
    return order.arrange(sa.select(tasks).join(found, found.c.id == tasks.c.id))


def _keys_by_index(
    dialect: str, where: Filter, order: Order, after: Key | None, limit: int
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """A filter of several values becomes a union, so that each branch reads its index in order, and stops."""
    column, branches = _branches(where, order)
    selects = [_keys(column, branch, order, after, limit) for branch in branches]
    if len(selects) == 1:
        return selects[0]
    if dialect not in MYSQLS:  # SQLite takes no LIMIT in a branch itself
        selects = [sa.select(one.subquery()) for one in selects]
    return order.arrange(sa.union_all(*selects)).limit(limit)


def _branches(where: Filter, order: Order) -> tuple[str, list[Filter]]:
    """The column whose index gives the order, and a filter for each value of it."""
    named = where.values()
    if order.field is not OrderField.CREATED_AT or not named:
        return order.field, [where]
    column, values = next(iter(named.items()))  # what the others name is a condition of each branch
    return column, [where.only(column, value) for value in values]


def _keys(column: str, where: Filter, order: Order, after: Key | None, limit: int) -> sa.Select[Any]:
    keys = sa.select(tasks.c[order.field], tasks.c.id)
    return _by_index(_ordered(keys, where, order, after, limit), column)


def _ordered(statement: sa.Select[Any], where: Filter, order: Order, after: Key | None, limit: int) -> sa.Select[Any]:
    statement = order.arrange(statement.where(*conditions(where))).limit(limit)
    return statement if after is None else statement.where(*order.beyond(after))


def _by_index(statement: sa.Select[Any], column: str) -> sa.Select[Any]:
    for dialect in MYSQLS:
        statement = statement.with_hint(tasks, f"FORCE INDEX (idx_tasks_{column})", dialect)
    return statement


async def _few(engine: AsyncEngine, where: Filter, order: Order) -> str | None:
    """The column for which the filter leaves few rows, where no index has all that it asks for in order."""
    named = {column: ([is_one_of(column, values)], FEW) for column, values in where.values().items()}
    bounds = conditions(Filter(created_after=where.created_after, created_before=where.created_before))
    if order.field is OrderField.UPDATED_AT and bounds:
        named["created_at"] = bounds, FEW_OF_A_TIME
    leading, _ = _branches(where, order)
    if not named.keys() - {leading}:
        return None
    counts = [
        sa.select(sa.literal(column), sa.func.count()).select_from(
            _by_index(sa.select(sa.literal(1)).select_from(tasks).where(*each).limit(most + 1), column).subquery()
        )
        for column, (each, most) in named.items()
    ]
    rows: Sequence[tuple[str, int]] = await read(engine, sa.union_all(*counts))
    return min(((count, column) for column, count in rows if count <= named[column][1]), default=(0, None))[1]


async def _search(
    engine: AsyncEngine, where: Filter, search: str, order: Order, after: Key | None, limit: int
) -> _Found:
    """By reading the next rows first: of a common word the index would give, and sort, all that have it."""
    column, branches = _branches(where, order)
    if len(branches) > 1:
        parts = [await _search(engine, one, search, order, after, limit) for one in branches]
        rows = sorted((task for part in parts for task in part.tasks), key=order.key, reverse=order.descending)
        return _Found(rows[:limit], sum(part.left_out for part in parts))
    ordered = _ordered(sa.select(tasks), where, order, after, limit)
    nearby = _by_index(ordered, column).where(reads(search))
    edge = [one for one in await read(engine, _edge(column, where, order, after)) if one[0] is not UNREADABLE]
    if edge:
        nearby = nearby.where(*order.up_to(edge[0]))
    found = await _load(engine, nearby)
    if len(found.tasks) + found.left_out < limit and edge:
        found = await _load(engine, ordered.where(matches(search, engine.dialect.name)))
    return found


def _edge(column: str, where: Filter, order: Order, after: Key | None) -> sa.Select[Any]:
    """The key of the last row that is near, read from the index alone; no row when all are."""
    leading = {column: where.values()[column]} if column in where.values() else {}
    statement = sa.select(tasks.c[order.field], tasks.c.id).where(*(is_one_of(*one) for one in leading.items()))
    if after is not None:
        statement = statement.where(*order.beyond(after))
    return _by_index(order.arrange(statement).limit(1).offset(NEXT), column)


async def _load(engine: AsyncEngine, statement: sa.Executable) -> _Found:
    rows = await read(engine, statement)
    found = records(Task, rows)
    return _Found(found, len(rows) - len(found))
