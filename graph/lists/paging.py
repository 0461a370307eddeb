"""Relay connections by key: what `first`, `after`, `last`, `before` mean, and cursors that nobody need look into."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import queries
from taskflow.db.filters import Filter, Key, Order, OrderField
from taskflow.db.models import Task
from taskflow.infra.input import InvalidInput, Problem, to_instant
from taskflow.infra.wire import decode_json, format_instant

PAGE_MAX: Final = 200
PAGE_DEFAULT: Final = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Tasks in the order asked for, whichever way they were read. `first` and `last` are the cursors of its ends.

    `searched_until` is the instant at which a search of it stopped early; the page ends there, wherever its tasks do.
    """

    tasks: list[Task]
    has_next: bool
    has_previous: bool
    first: str | None
    last: str | None
    searched_until: datetime | None = None

    def turned(self) -> "Page":
        """The other way round."""
        return Page(self.tasks[::-1], self.has_previous, self.has_next, self.last, self.first, self.searched_until)


def encode_cursor(task: Task, order: Order) -> str:
    return _encode(order.key(task), order)


def _encode(key: Key, order: Order) -> str:
    at, task_id = key
    text = json.dumps([order.field.value, format_instant(at), task_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, field: OrderField, name: str) -> tuple[datetime, str]:
    """Raises InvalidInput when it is not one that a list in this order gave out."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        by, at, task_id = decode_json(base64.b64decode(padded.encode("ascii"), b"-_", validate=True))
        key = to_instant(at), str(task_id)
    except (ValueError, TypeError):
        raise InvalidInput((Problem(name, "takes a cursor that a list gave out"),)) from None
    if by != field.value:
        raise InvalidInput((Problem(name, "takes a cursor of a list in the same order"),))
    return key


async def load_page(
    engine: AsyncEngine,
    where: Filter,
    order: Order,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page:
    """The page, and one row more, which tells whether there is another. Raises InvalidInput."""
    if last is not None or before is not None:
        if first is not None or after is not None:
            raise InvalidInput((Problem("last", "does not go together with first and after"),))
        size = page_size(None, last)
        return (await _read(engine, where, order.reversed(), before, "before", size)).turned()
    return await _read(engine, where, order, after, "after", page_size(first, None))


async def _read(engine: AsyncEngine, where: Filter, order: Order, cursor: str | None, name: str, size: int) -> Page:
    """The page as it is read, from the cursor on."""
    key = decode_cursor(cursor, order.field, name) if cursor is not None else None
    found = await queries.find(engine, where, order, after=key, limit=size + 1)
    tasks, until = found.tasks[:size], found.until if len(found.tasks) <= size else None
    has_next = until is not None or len(found.tasks) > size
    start, end = (encode_cursor(tasks[0], order), encode_cursor(tasks[-1], order)) if tasks else (None, None)
    if until is not None:
        end = _encode(until, order)
    return Page(tasks, has_next, cursor is not None, start, end, until[0] if until else None)


def page_size(first: int | None, last: int | None) -> int:
    """Raises InvalidInput."""
    name, given = ("first", first) if last is None else ("last", last)
    size = PAGE_DEFAULT if given is None else given
    if not 1 <= size <= PAGE_MAX:
        raise InvalidInput((Problem(name, f"takes a number from 1 to {PAGE_MAX}"),))
    return size
