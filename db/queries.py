"""Every read but pages: by ids, counts, histories and replays in the order of their keys."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.decoding import records
from taskflow.db.filters import Filter as Filter
from taskflow.db.filters import Order as Order
from taskflow.db.filters import OrderField as OrderField
from taskflow.db.filters import conditions
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent, Task, TaskEvent, task_events, tasks
from taskflow.db.pages import page as page
from taskflow.db.pages import passing
from taskflow.db.rows import EVENT_COLUMNS, IDS, padded
from taskflow.db.transaction import read

OVERLAP_IDS: Final = 1000
OVERLAP_TIME: Final = timedelta(seconds=5)
"""How far before an event others may still have been uncommitted when it was seen: ids are given before the commit."""


async def get(engine: AsyncEngine, ids: Iterable[str]) -> dict[str, Task]:
    """Those of the tasks that there are."""
    names = list(ids)
    if not names:
        return {}
    rows = await read(engine, sa.select(tasks).where(tasks.c.id.in_(IDS)), {"ids": padded(names)})
    return {task.id: task for task in records(Task, rows)}


async def count(engine: AsyncEngine, where: Filter) -> int:
    statement = sa.select(sa.func.count()).select_from(tasks).where(*conditions(where))
    if where.search is not None:
        statement = statement.where(await passing(engine, where.search))
    rows = await read(engine, statement)
    return int(rows[0][0])


async def count_by_status(engine: AsyncEngine) -> dict[TaskStatus, int]:
    """Every status, zeros included. Reads the whole status index: cache it."""
    rows = await read(engine, sa.select(tasks.c.status, sa.func.count()).group_by(tasks.c.status))
    return dict.fromkeys(TaskStatus, 0) | {row[0]: row[1] for row in rows}


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


async def replay_start(engine: AsyncEngine, after: int) -> int:
    """Where a watcher of all tasks who saw `after` resumes: before it, by as much as commits may overlap."""
    id_, at = task_events.c.id, task_events.c.at
    seen = await read(engine, sa.select(at).where(id_ <= after).order_by(id_.desc()).limit(1))
    if not seen:
        return after
    recent = sa.select(sa.func.min(id_)).where(id_ > after - OVERLAP_IDS, id_ <= after, at >= seen[0].at - OVERLAP_TIME)
    first: int | None = (await read(engine, recent))[0][0]
    return after if first is None else first - 1


async def event_ids(engine: AsyncEngine, *, after: int, limit: int) -> list[int]:
    statement = sa.select(task_events.c.id).where(task_events.c.id > after).order_by(task_events.c.id).limit(limit)
    return [row.id for row in await read(engine, statement)]


async def recorded(
    engine: AsyncEngine, *, after: int, limit: int, task_id: str | None = None, among: Sequence[int] | None = None
) -> list[StatusEvent]:
    """Changes with ids above `after`, in their order: of all tasks, of one, or those with the ids named."""
    joined = sa.select(*EVENT_COLUMNS).join(tasks, tasks.c.id == task_events.c.task_id)
    statement = joined.where(task_events.c.id > after).limit(limit)
    if task_id is None:
        statement = statement.order_by(task_events.c.id)
    else:  # the same order, for one task, and the one that an index has
        statement = statement.where(task_events.c.task_id == task_id).order_by(task_events.c.version)
    if among is not None:
        statement = statement.where(task_events.c.id.in_(among))
    return records(StatusEvent, await read(engine, statement))
