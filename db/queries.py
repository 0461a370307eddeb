"""Every read but pages: by ids, counts, histories and replays in the order of their keys."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.decoding import records
from taskflow.db.filters import Filter as Filter
from taskflow.db.filters import Order as Order
from taskflow.db.filters import OrderField as OrderField
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent, Task, TaskEvent, task_events, tasks
from taskflow.db.pages import find as find
from taskflow.db.pages import page as page
from taskflow.db.rows import EVENT_COLUMNS
from taskflow.db.transaction import LONGEST_OPEN, read
from taskflow.db.types import UNREADABLE
from taskflow.db.writing import IDS, padded

UNDATED_IDS: Final = 1000
"""Room for the first events of rows that one transaction may have found."""


async def get(engine: AsyncEngine, ids: Iterable[str]) -> dict[str, Task]:
    """Those of the tasks that there are."""
    names = list(ids)
    if not names:
        return {}
    rows = await read(engine, sa.select(tasks).where(tasks.c.id.in_(IDS)), {"ids": padded(names)})
    return {task.id: task for task in records(Task, rows)}


async def count_by_status(engine: AsyncEngine) -> dict[TaskStatus, int]:
    """Every status, zeros included. Reads the whole status index: cache it."""
    rows = await read(engine, sa.select(tasks.c.status, sa.func.count()).group_by(tasks.c.status))
    return dict.fromkeys(TaskStatus, 0) | {status: count for status, count in rows if status is not UNREADABLE}


async def histories(engine: AsyncEngine, ids: Iterable[str]) -> dict[str, list[TaskEvent]]:
    """The whole history of each task, oldest first. One statement."""
    names = list(ids)
    found: dict[str, list[TaskEvent]] = {task_id: [] for task_id in names}
    if names:
        statement = sa.select(task_events).where(task_events.c.task_id.in_(IDS))
        in_order = statement.order_by(task_events.c.task_id, task_events.c.version)
        for event in records(TaskEvent, await read(engine, in_order, {"ids": padded(names)})):
            found.setdefault(event.task_id, []).append(event)
    return found


async def last_event_id(engine: AsyncEngine, task_id: str | None = None) -> int:
    """Of one task, or of all; 0 when nothing is recorded."""
    statement = sa.select(sa.func.max(task_events.c.id))
    if task_id is not None:
        statement = statement.where(task_events.c.task_id == task_id)
    return (await read(engine, statement))[0][0] or 0


async def present(engine: AsyncEngine, task_id: str) -> StatusEvent | None:
    """A task's state with the id of its last event, both of one moment; None when there is no such task."""
    last = sa.select(sa.func.max(task_events.c.id)).where(task_events.c.task_id == task_id).scalar_subquery()
    rows = await read(engine, sa.select(*tasks.c, sa.func.coalesce(last, 0)).where(tasks.c.id == task_id))
    found = records(Task, [row[:-1] for row in rows])
    return StatusEvent.of(found[0], rows[0][-1]) if found else None


async def ended_before(engine: AsyncEngine, event_id: int) -> tuple[int, datetime | None]:
    """Up to which id everything was committed or given up when `event_id` was recorded, and when that was.

    Ids are given before the commit, and after the instant that is written: a change that is older than `event_id` by
    twice LONGEST_OPEN was given its id before any began that may have been open then. Where `event_id` itself was
    deleted with its task, the one before it tells when that was, as nearly as ids are in the order of dates.
    """
    id_, at = task_events.c.id, task_events.c.at
    newest = sa.select(id_, at).where(id_ <= event_id).order_by(id_.desc()).limit(1)
    found = await read(engine, newest)
    if not found:
        return event_id, None
    recorded_at = found[0].at if found[0].id == event_id else found[0].at - LONGEST_OPEN
    ended = await read(engine, newest.where(at < recorded_at - 2 * LONGEST_OPEN))
    return (await _before_undated(engine, ended[0].id + 1) if ended else 0), recorded_at


async def replay_start(engine: AsyncEngine, after: int) -> int:
    """Where somebody resumes who was told `after` last: before every change that may have been uncommitted then."""
    ended, recorded_at = await ended_before(engine, after)
    if recorded_at is None:
        return after
    id_, at = task_events.c.id, task_events.c.at
    open_then = id_ > ended, id_ <= after, at >= recorded_at - LONGEST_OPEN
    first: int = (await read(engine, sa.select(sa.func.min(id_)).where(*open_then)))[0][0]
    return await _before_undated(engine, first)


async def _before_undated(engine: AsyncEngine, event_id: int) -> int:
    """The id before `event_id` and before first events right in front of it, which may say when a stranger inserted
    the row, and not when that was recorded.
    """
    id_ = task_events.c.id
    dated = sa.select(id_).where(id_ < event_id, id_ > event_id - UNDATED_IDS, task_events.c.version > 1)
    found = await read(engine, dated.order_by(id_.desc()).limit(1))
    return found[0].id if found else max(event_id - 1 - UNDATED_IDS, 0)


async def event_keys(engine: AsyncEngine, *, after: int, limit: int) -> list[tuple[int, str, int]]:
    """Of the changes with ids above `after`, in their order: id, task's id, version."""
    columns = task_events.c.id, task_events.c.task_id, task_events.c.version
    statement = sa.select(*columns).where(task_events.c.id > after).order_by(task_events.c.id).limit(limit)
    return [(row.id, row.task_id, row.version) for row in await read(engine, statement)]


async def event_ids(engine: AsyncEngine, *, after: int, limit: int) -> list[int]:
    statement = sa.select(task_events.c.id).where(task_events.c.id > after).order_by(task_events.c.id).limit(limit)
    return [row.id for row in await read(engine, statement)]


async def recorded(
    engine: AsyncEngine, *, after: int, limit: int, task_id: str | None = None, among: Sequence[int] | None = None
) -> list[StatusEvent]:
    """Changes with ids above `after`, in their order: of all tasks, of one, or those with the ids named.

    Fewer than `limit` only when there are no more: others come in place of those that can't be read.
    """
    found: list[StatusEvent] = []
    while True:
        rows = await read(engine, _recorded(after, limit, task_id, among))
        found += records(StatusEvent, rows)
        if len(rows) < limit or len(found) >= limit:
            return found
        after = rows[-1][0]


def _recorded(after: int, limit: int, task_id: str | None, among: Sequence[int] | None) -> sa.Select[Any]:
    joined = sa.select(*EVENT_COLUMNS).join(tasks, tasks.c.id == task_events.c.task_id)
    statement = joined.where(task_events.c.id > after).limit(limit)
    if task_id is None:
        statement = statement.order_by(task_events.c.id)
    else:  # the same order, for one task, and the one that an index has
        statement = statement.where(task_events.c.task_id == task_id).order_by(task_events.c.version)
    if among is not None:
        statement = statement.where(task_events.c.id.in_(among))
    return statement
