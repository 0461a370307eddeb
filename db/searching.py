"""What a search finds: by reading rows in the order of the list, and by the index of words where that is sooner.

Of a common word the index would give, and sort, all that have it; of a rare one reading would take for ever. Which a
word is shows in the rows that come first. Where only common words are asked for, that are seldom together, a search
stops after a while and tells how far it has looked.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.filters import Filter, Key, Order, by_words, conditions, is_id, reads
from taskflow.db.models import Task, tasks
from taskflow.db.ordered import Found, branches, by_index, leading, load, ordered
from taskflow.db.transaction import read
from taskflow.db.types import UNREADABLE
from taskflow.db.words import sought

NEXT: Final = 1_000
"""Rows that are read at first, then twice as many, and so on."""
LONGEST: Final = timedelta(seconds=0.06)
"""How long rows are read for one page before the search stops, and tells so."""
RARE: Final = 5
"""Of the first rows, how many have a word at most that is left to the index."""


async def search(engine: AsyncEngine, where: Filter, words: str, order: Order, after: Key | None, limit: int) -> Found:
    """An id finds its task alone; anything else, and an id that no task has, the titles that have its words."""
    if await _names_a_task(engine, words):
        return await load(engine, ordered(sa.select(tasks).where(_by_id(words)), where, order, after, limit))
    column, parts = branches(where, order)
    stop_at = time.monotonic() + LONGEST.total_seconds()
    found = [await _in_branch(engine, column, part, words, order, after, limit, stop_at) for part in parts]
    return found[0] if len(found) == 1 else _merged(found, order, limit)


async def count_found(engine: AsyncEngine, where: Filter, words: str, most: int) -> tuple[int, bool]:
    """How many a search finds, and whether there may be more: of common words among the newest rows alone."""
    if await _names_a_task(engine, words):
        return await _count(engine, sa.select(tasks.c.id).where(_by_id(words), *conditions(where)), most)
    newest = Order()
    edge = await _edge(engine, newest.field, where, newest, None, NEXT)
    near = _near(newest.field, where, newest, None, edge, NEXT)
    if edge is not None and (rare := await _rare(engine, near, words)) is not None:
        return await _count(engine, sa.select(tasks.c.id).where(*conditions(where), rare, reads(words)), most)
    number, is_capped = await _count(engine, near.where(reads(words)), most)
    return number, is_capped or edge is not None


async def _count(engine: AsyncEngine, found: sa.Select[Any], most: int) -> tuple[int, bool]:
    rows = found.with_only_columns(tasks.c.id).limit(most + 1).subquery()
    number = int((await read(engine, sa.select(sa.func.count()).select_from(rows)))[0][0])
    return min(number, most), number > most


def _by_id(words: str) -> sa.ColumnElement[bool]:
    return tasks.c.id == words.strip()


async def _names_a_task(engine: AsyncEngine, words: str) -> bool:
    return is_id(words) and bool(await read(engine, sa.select(tasks.c.id).where(_by_id(words))))


def _merged(found: Sequence[Found], order: Order, limit: int) -> Found:
    """What lies beyond the place where one of them stopped may come after rows that it has not looked at."""
    key = order.key
    rows = sorted((task for one in found for task in one.tasks), key=key, reverse=order.descending)
    left_out = sum(one.left_out for one in found)
    ends = [one.until for one in found if one.until]
    if not ends:
        return Found(rows[:limit], left_out)
    until = max(ends) if order.descending else min(ends)
    kept = [task for task in rows if (key(task) >= until if order.descending else key(task) <= until)]
    return Found(kept[:limit], left_out, until if len(kept) < limit else None)


async def _in_branch(
    engine: AsyncEngine,
    column: str,
    where: Filter,
    words: str,
    order: Order,
    after: Key | None,
    limit: int,
    stop_at: float,
) -> Found:
    """Of one index, in its order; the first rows at least, also when it is time to stop."""
    found, left_out, place, rows = list[Task](), 0, after, NEXT
    while True:
        edge = await _edge(engine, column, where, order, place, rows)
        near = _near(column, where, order, place, edge, limit - len(found) - left_out)
        some = await load(engine, near.where(reads(words)))
        found, left_out = found + some.tasks, left_out + some.left_out
        if edge is None or len(found) + left_out >= limit:
            return Found(found, left_out)
        near = _near(column, where, order, place, edge, NEXT)
        if place == after and (rare := await _rare(engine, near, words)) is not None:
            rest = ordered(sa.select(tasks), where, order, edge, limit - len(found) - left_out)
            some = await load(engine, rest.where(rare, reads(words)))
            return Found(found + some.tasks, left_out + some.left_out)
        if time.monotonic() >= stop_at:
            return Found(found, left_out, edge)
        place, rows = edge, 2 * rows


def _near(column: str, where: Filter, order: Order, after: Key | None, edge: Key | None, limit: int) -> sa.Select[Any]:
    near = by_index(ordered(sa.select(tasks), where, order, after, limit), column)
    return near if edge is None else near.where(*order.up_to(edge))


async def _edge(
    engine: AsyncEngine, column: str, where: Filter, order: Order, after: Key | None, rows: int
) -> Key | None:
    """The key of the row that comes so many rows after the next, read from the index alone; None when all are."""
    statement = sa.select(tasks.c[order.field], tasks.c.id).where(*leading(column, where))
    if after is not None:
        statement = statement.where(*order.beyond(after))
    found = await read(engine, by_index(order.arrange(statement).limit(1).offset(rows), column))
    return next(((at, id_) for at, id_ in found if at is not UNREADABLE), None)


async def _rare(engine: AsyncEngine, near: sa.Select[Any], words: str) -> sa.ColumnElement[bool] | None:
    """By the index of words, for those that few of these rows have; None where there is none such."""
    parts = [part for part in words.split() if by_words(part, engine.dialect.name) is not None]
    if not parts:
        return None
    rows = near.subquery()
    has = [sa.and_(*(sa.func.instr(rows.c.words, one) > 0 for one in sought(part))) for part in parts]
    counts = [sa.func.sum(one, type_=sa.Integer) for one in has]
    (found,) = await read(engine, sa.select(*counts))
    rare = [part for part, count in zip(parts, found, strict=True) if (count or 0) <= RARE]
    return by_words(" ".join(rare), engine.dialect.name)
