"""A page of a list, by key and never by offset: an index that gives its rows in order, or few rows that are sorted.

Which rows is read from the index alone, then those rows: of 20,000 failed tasks, the few of a kind are found in 10 ms.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.filters import Filter, Key, Order, OrderField, conditions, is_one_of
from taskflow.db.models import Task, tasks
from taskflow.db.ordered import Found, branches, by_index, load, ordered
from taskflow.db.searching import search
from taskflow.db.transaction import read
from taskflow.db.types import MYSQLS

FEW: Final = 3000
"""Rows that are sorted sooner than a page of them is found among all the others in order."""
FEW_OF_A_TIME: Final = 100_000
"""The same for those created within some time: they changed within some time too, and all others may come first."""


async def page(engine: AsyncEngine, where: Filter, order: Order, *, after: Key | None, limit: int) -> list[Task]:
    """The first `limit` tasks in that order, beyond the key `after`: of those that can be read."""
    return (await find(engine, where, order, after=after, limit=limit)).tasks


async def find(engine: AsyncEngine, where: Filter, order: Order, *, after: Key | None, limit: int) -> Found:
    """The same, with how far a search has looked where it found fewer."""
    asked = limit
    while True:
        found = await _page(engine, where, order, after, asked)
        if len(found.tasks) >= limit:
            return Found(found.tasks[:limit], found.left_out)
        if not found.left_out or found.until or len(found.tasks) + found.left_out < asked:
            return found
        asked += found.left_out


async def _page(engine: AsyncEngine, where: Filter, order: Order, after: Key | None, limit: int) -> Found:
    dialect = engine.dialect.name
    if where.search is None:
        few = await _few(engine, where, order) if dialect in MYSQLS else None
        keys = _keys(few, where, order, after, limit) if few else _keys_by_index(dialect, where, order, after, limit)
        return await load(engine, _rows_of(keys, order))
    return await search(engine, where, where.search, order, after, limit)


def _rows_of(keys: sa.Select[Any] | sa.CompoundSelect[Any], order: Order) -> sa.Select[Any]:
    found = keys.subquery()
    return order.arrange(sa.select(tasks).join(found, found.c.id == tasks.c.id))


def _keys_by_index(
    dialect: str, where: Filter, order: Order, after: Key | None, limit: int
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """A filter of several values becomes a union, so that each branch reads its index in order, and stops."""
    column, values = branches(where, order)
    selects = [_keys(column, one, order, after, limit) for one in values]
    if len(selects) == 1:
        return selects[0]
    if dialect not in MYSQLS:  # SQLite takes no LIMIT in a branch itself
        selects = [sa.select(one.subquery()) for one in selects]
    return order.arrange(sa.union_all(*selects)).limit(limit)


def _keys(column: str, where: Filter, order: Order, after: Key | None, limit: int) -> sa.Select[Any]:
    keys = sa.select(tasks.c[order.field], tasks.c.id)
    return by_index(ordered(keys, where, order, after, limit), column)


async def _few(engine: AsyncEngine, where: Filter, order: Order) -> str | None:
    """The column for which the filter leaves few rows, where no index has all that it asks for in order."""
    named = {column: ([is_one_of(column, values)], FEW) for column, values in where.values().items()}
    bounds = conditions(where.times())
    if order.field is OrderField.UPDATED_AT and bounds:
        named["created_at"] = bounds, FEW_OF_A_TIME
    leading, _ = branches(where, order)
    if not named.keys() - {leading}:
        return None
    counts = [
        sa.select(sa.literal(column), sa.func.count()).select_from(
            by_index(sa.select(sa.literal(1)).select_from(tasks).where(*each).limit(most + 1), column).subquery()
        )
        for column, (each, most) in named.items()
    ]
    rows: Sequence[tuple[str, int]] = await read(engine, sa.union_all(*counts))
    return min(((count, column) for column, count in rows if count <= named[column][1]), default=(0, None))[1]
