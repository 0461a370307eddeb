"""Which tasks, and in which order: what a list asks for, and the conditions that it comes to in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import match

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task, tasks
from taskflow.db.types import MYSQLS
from taskflow.db.words import indexed, sought

SHORTEST_INDEXED_WORD: Final = 3
"""Letters from which on a beginning is looked for in InnoDB's index: too many words have a shorter one."""
FIELDS: Final = {"status": "statuses", "kind": "kinds", "queue": "queues"}
"""The columns that a filter names values for, and what it calls them."""


Rows = TypeVar("Rows", sa.Select[Any], sa.CompoundSelect[Any])
Key = tuple[datetime, str]
"""The place of a row in an order: its instant, then its id."""


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

    def values(self) -> dict[str, tuple[str, ...]]:
        """The columns that it names values for, and those, each once."""
        named = {column: tuple(dict.fromkeys(getattr(self, field))) for column, field in FIELDS.items()}
        return {column: values for column, values in named.items() if values}

    def times(self) -> "Filter":
        """Its times alone."""
        return Filter(created_after=self.created_after, created_before=self.created_before)

    def only(self, column: str, value: str) -> "Filter":
        """With that value alone for that column."""
        named: dict[str, Any] = {FIELDS[column]: (value,)}
        return replace(self, **named)


@dataclass(frozen=True, slots=True)
class Order:
    field: OrderField = OrderField.CREATED_AT
    descending: bool = True

    def reversed(self) -> "Order":
        return Order(self.field, not self.descending)

    def key(self, task: Task) -> Key:
        return getattr(task, self.field), task.id

    def arrange(self, statement: Rows) -> Rows:
        """By what it selects: a table's columns, or those of a union."""
        column, id_ = statement.selected_columns[self.field], statement.selected_columns.id
        return statement.order_by(column.desc(), id_.desc()) if self.descending else statement.order_by(column, id_)

    def beyond(self, key: Key) -> list[sa.ColumnElement[bool]]:
        """The rows after that key: a bound for the index first, then which of the key's own instant."""
        return self._side(key, after=self.descending, inclusive=False)

    def up_to(self, key: Key) -> list[sa.ColumnElement[bool]]:
        """The rows before that key, and its own."""
        return self._side(key, after=not self.descending, inclusive=True)

    def _side(self, key: Key, *, after: bool, inclusive: bool) -> list[sa.ColumnElement[bool]]:
        column, id_, (at, last) = tasks.c[self.field], tasks.c.id, key
        if after:
            return [column <= at, sa.or_(column < at, id_ <= last if inclusive else id_ < last)]
        return [column >= at, sa.or_(column > at, id_ >= last if inclusive else id_ > last)]


def conditions(where: Filter) -> list[sa.ColumnElement[bool]]:
    """All of them but the search."""
    found = [is_one_of(column, values) for column, values in where.values().items()]
    if where.created_after is not None:
        found.append(tasks.c.created_at >= where.created_after)
    if where.created_before is not None:
        found.append(tasks.c.created_at < where.created_before)
    return found


def is_one_of(column: str, values: Sequence[str]) -> sa.ColumnElement[bool]:
    return tasks.c[column] == values[0] if len(values) == 1 else tasks.c[column].in_(values)


def is_id(search: str) -> bool:
    return len(search.strip()) == 36 and search.count("-") == 4


def by_words(search: str, dialect: str) -> sa.ColumnElement[bool] | None:
    """By the index of words: what has those of the search that are in it, and more. None where none is."""
    shortest = SHORTEST_INDEXED_WORD if dialect in MYSQLS else 1
    words = [word for part in sought(search) for word in indexed(part, shortest=shortest).items()]
    if not words:
        return None
    if dialect in MYSQLS:
        terms = " ".join(f"+{word}{'' if whole else '*'}" for word, whole in words)
        return match(tasks.c.words, against=terms).in_boolean_mode()
    terms = " ".join(f'"{word}"{"" if whole else "*"}' for word, whole in words)
    found = sa.text("SELECT id FROM tasks_search WHERE tasks_search MATCH :terms")
    return tasks.c.id.in_(found.bindparams(terms=terms).columns(tasks.c.id))


def reads(search: str) -> sa.ColumnElement[bool]:
    """By reading words, or the id."""
    parts = [sa.func.instr(tasks.c.words, part) > 0 for part in sought(search)]
    return sa.or_(tasks.c.id == search.strip(), sa.and_(*parts) if parts else sa.false())
