"""Rows as records. What another program has written need not be what the columns are for: such a row is set aside.

The types of the models give Unreadable for what they can't decode; here it is looked at, once for each shape of row.
"""

import logging
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, cast, get_args, get_type_hints, is_typeddict

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.types import Unreadable

logger = logging.getLogger("taskflow.db")

Record = TypeVar("Record")

LONGEST_QUEUE: Final = 100
CHECKED: Final = {str, int, bool, float, datetime, TaskStatus, NoneType, dict}
"""The classes that a field's type is held to; JSON may come to anything."""


@lru_cache
def _expected(kind: Hashable) -> dict[str, frozenset[type[Any]] | None]:
    hints = get_type_hints(kind)
    return {field.name: _classes(hints[field.name]) for field in fields(cast(Any, kind))}


def _classes(hint: Any) -> frozenset[type[Any]] | None:
    """Of a field's type; None for one that is not checked."""
    classes = set(get_args(hint)) if isinstance(hint, UnionType) else {hint}
    classes = {dict if is_typeddict(one) else one for one in classes}
    if float in classes:
        classes.add(int)
    return frozenset(classes) if classes <= CHECKED else None


@lru_cache(maxsize=1024)
def _fault(kind: Hashable, shape: tuple[type[Any], ...]) -> str | None:
    """The first column whose value is of another class than its field; None for a row of that shape that is sound."""
    for (name, expected), found in zip(_expected(kind).items(), shape, strict=True):
        if found is Unreadable or (expected is not None and found not in expected):
            return name
    return None


def fault_of(kind: Any, row: Sequence[Any]) -> str | None:
    """The column that can't be read, or whose value no process could use; None for a sound row."""
    if name := _fault(kind, tuple(map(type, row))):
        return name
    place = _place_of_queue(kind)
    return "queue" if place is not None and len(row[place]) > LONGEST_QUEUE else None


@lru_cache
def _place_of_queue(kind: Hashable) -> int | None:
    """A name that no broker takes can be stored where a column takes any text."""
    names = list(_expected(kind))
    return names.index("queue") if "queue" in names else None


def records(kind: type[Record], rows: Iterable[Any]) -> list[Record]:
    """Those that can be read; the others are left out, and counted in the log."""
    found, left_out = [], []
    for row in rows:
        if name := fault_of(kind, row):
            left_out.append((str(row[0]), name))
        else:
            found.append(kind(*row))
    if left_out:
        task, column = left_out[0]
        logger.warning("rows that can't be read are left out: %d, the first %s, by its %s", len(left_out), task, column)
    return found
