"""Which tasks, and in which order: what a list asks for, and the conditions that it comes to in SQL."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import match

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import MYSQLS, Task, tasks

SHORTEST_INDEXED_WORD: Final = 3
"""InnoDB's full-text index leaves out shorter ones."""
BORDER: Final = r"[^[:alnum:]_\x{C0}-\x{1FFF}\x{2070}-\x{2FFF}\x{3040}-\x{10FFFF}]"
"""What may come before a word: no letter. MariaDB's classes know of those of ASCII alone."""
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


def search_words(search: str) -> list[str]:
    """What a title is searched for: its words, each matched by its beginning."""
    return re.findall(r"\w+", search.lower())


def is_id(search: str) -> bool:
    return len(search.strip()) == 36 and search.count("-") == 4


def matches(search: str, dialect: str) -> sa.ColumnElement[bool]:
    """By the index of words. Those that InnoDB leaves out of it are looked for in the titles that have the others."""
    words = search_words(search)
    by_id = tasks.c.id == search.strip()
    if dialect in MYSQLS:
        if is_id(search):
            return by_id
        terms = " ".join(f"+{word}*" for word in words if len(word) >= SHORTEST_INDEXED_WORD)
        indexed = match(tasks.c.title, against=terms).in_boolean_mode()
        short = [_begins_one(word) for word in words if len(word) < SHORTEST_INDEXED_WORD]
        return sa.and_(indexed, *short) if terms else reads(search, dialect)
    terms = " ".join(f'"{word}"*' for word in words)
    found = sa.text("SELECT id FROM tasks_search WHERE tasks_search MATCH :terms").bindparams(terms=terms)
    return sa.or_(by_id, tasks.c.id.in_(found.columns(tasks.c.id))) if words else by_id


def reads(search: str, dialect: str) -> sa.ColumnElement[bool]:
    """The same by reading titles: for few rows, and for words that are in no index."""
    begins = _begins_one if dialect in MYSQLS else _begins_one_on_sqlite
    words = [begins(word) for word in search_words(search)]
    return sa.or_(tasks.c.id == search.strip(), sa.and_(*words) if words else sa.false())


def _begins_one(word: str) -> sa.ColumnElement[bool]:
    """That it begins a word of the title: LIKE knows of accents, as the index does, REGEXP of every border."""
    title = tasks.c.title
    return sa.or_(
        title.startswith(word, autoescape=True),
        title.contains(f" {word}", autoescape=True),
        title.regexp_match(f"{BORDER}{word}"),
    )


def _begins_one_on_sqlite(word: str) -> sa.ColumnElement[bool]:
    return sa.func.begins_word(tasks.c.title, word, type_=sa.Boolean)
