"""How many pass a filter: exactly, or at least so many where counting would take long."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.filters import Filter, Order, conditions
from taskflow.db.models import tasks
from taskflow.db.ordered import branches, by_index, leading
from taskflow.db.searching import count_found
from taskflow.db.transaction import read

MOST: Final = 10_000
"""Entries of an index that are read for one count."""


@dataclass(frozen=True, slots=True)
class Count:
    number: int
    is_capped: bool
    """Whether there may be more."""


async def count(engine: AsyncEngine, where: Filter, *, most: int | None = None) -> Count:
    """`most` is MOST when not given."""
    most = MOST if most is None else most
    if where.search is not None:
        return Count(*await count_found(engine, where, where.search, most))
    column, parts = branches(where, Order())
    passes = sa.and_(sa.true(), *conditions(where)).label("passes")
    number = read_in_all = 0
    for part in parts:
        entries = sa.select(passes).select_from(tasks).where(*leading(column, part), *conditions(part.times()))
        rows = by_index(entries.limit(most + 1 - read_in_all), column).subquery()
        counted = sa.select(sa.func.count(), sa.func.sum(rows.c.passes, type_=sa.Integer)).select_from(rows)
        ((entries_read, passing),) = await read(engine, counted)
        number, read_in_all = number + int(passing or 0), read_in_all + entries_read
        if read_in_all > most:
            return Count(min(number, most), True)
    return Count(number, False)
