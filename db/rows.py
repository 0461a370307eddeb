"""Rows under lock: read them, store the states that the lifecycle gave, record the changes.

Locks are taken in the order of ids.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from taskflow.db.decoding import fault_of
from taskflow.db.lifecycle import State, TaskStatus
from taskflow.db.models import StatusEvent, Task, log_names, task_events, tasks
from taskflow.db.outcome import TaskError
from taskflow.db.writing import (
    EVENT_FIELDS,
    IDS,
    STATE_COLUMNS,
    STATE_VALUES,
    TASK_COLUMNS,
    TASK_VALUES,
    padded,
    record,
    update_states,
)

logger = logging.getLogger("taskflow.db")

STATE_PLACES: Final = tuple(TASK_COLUMNS.index(name) for name in STATE_COLUMNS)
SET_ASIDE: Final = "set_aside"
"""The option of an engine that holds what is called for each row that is set aside."""


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
    [*EVENT_FIELDS], sa.select(*(tasks.c[name] for name in EVENT_FIELDS.values())).where(tasks.c.id.in_(IDS))
)
"""Of rows that can't be read."""


def _event_column(name: str) -> sa.ColumnElement[Any]:
    """Of a recorded change what `task_events` keeps, the rest of its task."""
    other_names = {"event_id": "id", "updated_at": "at"}
    recorded = task_events.c.get(other_names.get(name, name))
    return tasks.c[name] if recorded is None else recorded


EVENT_COLUMNS: Final = tuple(_event_column(field.name) for field in fields(StatusEvent))


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
    now_recorded = {task_id: replace(found[task_id], version=1) for task_id in unrecorded}
    return Locked(found | now_recorded, await record(connection, now_recorded.values()))


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
    await update_states(connection, after)
    changed = with_states(found.tasks, after)
    return Written(changed, found.events + await record(connection, changed.values()))


def with_states(before: Mapping[str, Task], after: Mapping[str, State]) -> dict[str, Task]:
    """The tasks with their new states."""
    return {task_id: _with_state(before[task_id], state) for task_id, state in after.items()}


def _with_state(task: Task, state: State) -> Task:
    values = [*TASK_VALUES(task)]
    for place, value in zip(STATE_PLACES, STATE_VALUES(state), strict=True):
        values[place] = value
    return Task(*values)


def task_row(task: Task) -> dict[str, Any]:
    return dict(zip(TASK_COLUMNS, TASK_VALUES(task), strict=True))


def state_row(state: State) -> dict[str, Any]:
    return dict(zip(STATE_COLUMNS, STATE_VALUES(state), strict=True))
