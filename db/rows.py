"""Rows under lock: read them, store the states that the lifecycle gave, record the changes.

Locks are taken in the order of ids. An event is copied from the row it describes, so that the two can't differ.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from taskflow.db.decoding import fault_of, records
from taskflow.db.lifecycle import State, TaskStatus
from taskflow.db.models import StatusEvent, Task, log_names, task_events, tasks
from taskflow.db.outcome import TaskError
from taskflow.db.upsert import upsert

logger = logging.getLogger("taskflow.db")

STATE_COLUMNS: Final = tuple(field.name for field in fields(State))
STATE_VALUES: Final = attrgetter(*STATE_COLUMNS)
TASK_COLUMNS: Final = tuple(field.name for field in fields(Task))
TASK_VALUES: Final = attrgetter(*TASK_COLUMNS)
SET_ASIDE: Final = "set_aside"
"""The option of an engine that holds what is called for each row that is set aside."""
IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True)
class Locked:
    """Rows under lock, and the events of those whose found state was recorded only now."""

    tasks: dict[str, Task]
    events: list[StatusEvent]


@dataclass(frozen=True, slots=True)
class Written:
    """The rows that changed, as they are now, and the events that say so, in the order of their ids."""

    tasks: dict[str, Task]
    events: list[StatusEvent]


LOCK: Final = sa.select(tasks).where(tasks.c.id.in_(IDS)).order_by(tasks.c.id).with_for_update()

COPY_TO_EVENTS: Final = task_events.insert().from_select(
    ["task_id", "version", "status", "attempt", "message", "error", "worker_id", "at"],
    sa.select(
        tasks.c.id,
        tasks.c.version,
        tasks.c.status,
        tasks.c.attempt,
        tasks.c.message,
        tasks.c.error,
        tasks.c.worker_id,
        tasks.c.updated_at,
    )
    .where(tasks.c.id.in_(IDS))
    .order_by(tasks.c.id),
)


def _event_column(name: str) -> sa.ColumnElement[Any]:
    """Of a recorded change what `task_events` keeps, the rest of its task."""
    other_names = {"event_id": "id", "updated_at": "at"}
    recorded = task_events.c.get(other_names.get(name, name))
    return tasks.c[name] if recorded is None else recorded


EVENT_COLUMNS: Final = tuple(_event_column(field.name) for field in fields(StatusEvent))

JUST_RECORDED: Final[sa.Select[Any]] = (
    sa.select(*EVENT_COLUMNS)
    .join(tasks, sa.and_(tasks.c.id == task_events.c.task_id, tasks.c.version == task_events.c.version))
    .where(task_events.c.task_id.in_(IDS))
    .order_by(task_events.c.id)
)


@lru_cache
def _store_statement(dialect: str) -> sa.Insert:
    """Writes many rows' states at once: an insert whose every row is there already, and locked by us.

    One statement for any number of rows, on each database; an UPDATE of many rows with values of their own is sent
    row by row by MySQL's drivers.
    """
    return upsert(tasks, dialect, [*STATE_COLUMNS])


def padded(ids: Iterable[str]) -> list[str]:
    """The ids in order, the last one repeated up to a power of two: few lengths, so few statements to prepare."""
    ordered = sorted(ids)
    return ordered + ordered[-1:] * ((1 << (len(ordered) - 1).bit_length()) - len(ordered))


async def locked(connection: AsyncConnection, ids: Iterable[str]) -> Locked:
    """Those of the tasks that there are, under a row lock, each with its found state recorded."""
    names = set(ids)
    if not names:
        return Locked({}, [])
    rows = await connection.execute(LOCK, {"ids": padded(names)})
    found: dict[str, Task] = {}
    for row in rows.all():
        if row.id not in names:
            continue  # MySQL finds an id in another case too
        if column := fault_of(Task, row):
            await _set_aside(connection, row.id, row.traceparent, column)
        else:
            found[row.id] = Task(*row)
    unrecorded = [task.id for task in found.values() if task.version == 0]
    if not unrecorded:
        return Locked(found, [])
    first = {"version": 1, "updated_at": tasks.c.updated_at}
    await connection.execute(tasks.update().where(tasks.c.id.in_(unrecorded)).values(first))
    recorded = await record(connection, unrecorded)
    found |= {row.id: Task(*row) for row in await connection.execute(LOCK, {"ids": padded(unrecorded)})}
    return Locked(found, recorded)


async def _set_aside(connection: AsyncConnection, task_id: str, traceparent: str | None, column: str) -> None:
    """Nobody can run what nobody can read: FAILED, and on nobody's list."""
    now, message = datetime.now(UTC), f"The row can't be read: its {column} is not what the column is for"
    error: TaskError = {"type": "Unreadable", "message": message, "traceback": None}
    state = {"status": TaskStatus.FAILED, "error": error, "message": message, "finished_at": now, "updated_at": now}
    nobodys = {"dispatch_at": None, "claim": None, "version": tasks.c.version + 1}
    logger.error("task is set aside: %s", message, extra=log_names(task_id, traceparent))
    connection.engine.get_execution_options().get(SET_ASIDE, lambda: None)()
    await connection.execute(tasks.update().where(tasks.c.id == task_id).values(state | nobodys))
    await connection.execute(COPY_TO_EVENTS, {"ids": [task_id]})


async def store(connection: AsyncConnection, found: Locked, after: Mapping[str, State]) -> Written:
    """Write the new states, record them, and tell all that was recorded of what was found. Each row was found."""
    if not after:
        return Written({}, found.events)
    before = found.tasks
    rows = [
        {"id": task_id, "title": before[task_id].title} | state_row(state) for task_id, state in sorted(after.items())
    ]
    await connection.execute(_store_statement(connection.dialect.name), rows)
    changed = {task_id: Task(**task_row(before[task_id]) | state_row(state)) for task_id, state in after.items()}
    return Written(changed, found.events + await record(connection, after))


def task_row(task: Task) -> dict[str, Any]:
    return dict(zip(TASK_COLUMNS, TASK_VALUES(task), strict=True))


def state_row(state: State) -> dict[str, Any]:
    return dict(zip(STATE_COLUMNS, STATE_VALUES(state), strict=True))


async def record(connection: AsyncConnection, ids: Iterable[str]) -> list[StatusEvent]:
    names = {"ids": padded(ids)}
    await connection.execute(COPY_TO_EVENTS, names)
    return records(StatusEvent, await connection.execute(JUST_RECORDED, names))
