"""Rows in the order of an index, from a key on.

On MySQL the index is named: left to itself, MariaDB reads a whole status from its start to a page in the middle.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.decoding import records
from taskflow.db.filters import Filter, Key, Order, OrderField, conditions, is_one_of
from taskflow.db.models import Task, tasks
from taskflow.db.transaction import read
from taskflow.db.types import MYSQLS


class Found(NamedTuple):
    """`left_out`: how many rows could not be read, and are missing among the tasks. `until`: where a search stopped
    that has not looked at all rows, the last that it has looked at.
    """

    tasks: list[Task]
    left_out: int
    until: Key | None = None


def branches(where: Filter, order: Order) -> tuple[str, list[Filter]]:
    """The column whose index gives the order, and a filter for each value of it."""
    named = where.values()
    if order.field is not OrderField.CREATED_AT or not named:
        return order.field, [where]
    column, values = next(iter(named.items()))  # what the others name is a condition of each branch
    return column, [where.only(column, value) for value in values]


def leading(column: str, where: Filter) -> list[sa.ColumnElement[bool]]:
    """What of the filter the index of that column begins with."""
    values = where.values().get(column)
    return [is_one_of(column, values)] if values else []


def ordered(statement: sa.Select[Any], where: Filter, order: Order, after: Key | None, limit: int) -> sa.Select[Any]:
    statement = order.arrange(statement.where(*conditions(where))).limit(limit)
    return statement if after is None else statement.where(*order.beyond(after))


def by_index(statement: sa.Select[Any], column: str) -> sa.Select[Any]:
    for dialect in MYSQLS:
        statement = statement.with_hint(tasks, f"FORCE INDEX (idx_tasks_{column})", dialect)
    return statement


async def load(engine: AsyncEngine, statement: sa.Executable) -> Found:
    rows = await read(engine, statement)
    found = records(Task, rows)
    return Found(found, len(rows) - len(found))
