"""Many rows in one statement, as text of our own: SQLAlchemy takes longer to compile one of so many values than the
database takes to run it. Values are bound all the same, and encoded as their columns' types do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from taskflow.db.lifecycle import State
from taskflow.db.models import StatusEvent, Task, task_events, tasks

STATE_COLUMNS: Final = tuple(field.name for field in fields(State))
STATE_VALUES: Final = attrgetter(*STATE_COLUMNS)
TASK_COLUMNS: Final = tuple(field.name for field in fields(Task))
TASK_VALUES: Final = attrgetter(*TASK_COLUMNS)
EVENT_FIELDS: Final = {
    "task_id": "id",
    **{name: name for name in ("version", "status", "attempt", "message", "error", "worker_id")},
    "at": "updated_at",
}
"""What an event takes from its task."""
EVENT_VALUES: Final = attrgetter(*EVENT_FIELDS.values())
LONG: Final = ("payload", "message", "result", "error")
"""The columns that one statement may not bring too much of."""

ROWS_AT_A_TIME: Final = 256
LETTERS_AT_A_TIME: Final = 1 << 16
"""Of the long columns in one statement, but for a single row: a server that takes a payload of 256 KiB takes these."""

IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
RECORDED: Final = sa.select(task_events.c.id, task_events.c.task_id, task_events.c.version).where(
    task_events.c.task_id.in_(IDS), task_events.c.version.in_(sa.bindparam("versions", expanding=True))
)
INSERT_AND_TELL: Final = task_events.insert().returning(task_events.c.id, sort_by_parameter_order=True)

Fence = tuple[int | None, int, bool]
"""A claim, a version, and whether somebody asked to cancel."""
Columns = dict[str, Sequence[Any]]


def padded(values: Iterable[Any]) -> list[Any]:
    """In order, the last one repeated up to a power of two: few lengths, so few statements to prepare."""
    return _repeated(sorted(values))


def _repeated(values: Sequence[Any]) -> list[Any]:
    repeated = list(values)
    return repeated + repeated[-1:] * ((1 << (len(repeated) - 1).bit_length()) - len(repeated))


async def insert_tasks(connection: AsyncConnection, fresh: Sequence[Task]) -> None:
    """Columns without a value in any row are left out: MariaDB's bulk protocol takes none."""
    columns = _encoded(tasks, TASK_COLUMNS, map(TASK_VALUES, fresh), connection.dialect)
    given = {name: column for name, column in columns.items() if column.count(None) < len(column)}
    text = _insert_text(tuple(given), _mark(connection.dialect))
    for part in _parts(given):
        rows = zip(*(column[part] for column in given.values()), strict=True)
        await connection.exec_driver_sql(text, list(rows))


async def update_states(connection: AsyncConnection, states: Mapping[str, State], *, fence: Fence | None = None) -> int:
    """Each task gets its state; with a `fence` only one that runs, and has these values. How many had."""
    ids = sorted(states)
    columns = _encoded(tasks, STATE_COLUMNS, (STATE_VALUES(states[one]) for one in ids), connection.dialect)
    count = 0
    for part in _parts(columns):
        some = padded(ids[part])
        values, varying = list[Any](), []
        for column in (column[part] for column in columns.values()):
            varies = column.count(column[0]) < len(column)
            varying.append(varies)
            values += chain.from_iterable(zip(some, _repeated(column), strict=True)) if varies else column[:1]
        text = _update_text(tuple(varying), len(some), _mark(connection.dialect), is_fenced=fence is not None)
        count += (await connection.exec_driver_sql(text, (*values, *some, *(fence or ())))).rowcount
    return count


async def record(connection: AsyncConnection, changed: Iterable[Task]) -> list[StatusEvent]:
    """Record each of these tasks as its row is now, and tell it: the events in the order of their ids."""
    ordered = sorted(changed, key=attrgetter("id"))
    rows = [dict(zip(EVENT_FIELDS, EVENT_VALUES(task), strict=True)) for task in ordered]
    inserted: list[int] = []
    for part in _parts({"error": [str(row["error"] or "") for row in rows]}):
        inserted += await _insert_events(connection, rows[part])
    return [StatusEvent.of(task, event_id) for task, event_id in zip(ordered, inserted, strict=True)]


async def _insert_events(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Their ids. MySQL does not tell those of many rows, and need not count them one after the other."""
    if connection.dialect.insert_executemany_returning:
        return list((await connection.execute(INSERT_AND_TELL, rows)).scalars())
    await connection.execute(task_events.insert(), rows)
    named = {"ids": padded(row["task_id"] for row in rows), "versions": padded({row["version"] for row in rows})}
    found = {(row.task_id, row.version): row.id for row in await connection.execute(RECORDED, named)}
    return [found[row["task_id"], row["version"]] for row in rows]


def _encoded(table: sa.Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]], dialect: sa.Dialect) -> Columns:
    """The rows by columns, as the driver takes them. What is one object in all rows is encoded once."""
    columns: Columns = {}
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        bind = _binds(table, dialect).get(name)
        if bind is None:
            columns[name] = values
        elif len(set(map(id, values))) == 1:
            columns[name] = [None if values[0] is None else bind(values[0])] * len(values)
        else:
            columns[name] = [None if value is None else bind(value) for value in values]
    return columns


@lru_cache
def _binds(table: sa.Table, dialect: sa.Dialect) -> dict[str, Callable[[Any], Any]]:
    found = {column.name: column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns}
    return {name: bind for name, bind in found.items() if bind}


def _parts(columns: Columns) -> Iterator[slice]:
    """Of as many rows as one statement may have."""
    long = [column for name, column in columns.items() if name in LONG and column.count(None) < len(column)]
    count = len(next(iter(columns.values())))
    first = letters = 0
    for place in range(count):
        size = sum(len(column[place] or "") for column in long)
        if place > first and (place - first == ROWS_AT_A_TIME or letters + size > LETTERS_AT_A_TIME):
            yield slice(first, place)
            first, letters = place, 0
        letters += size
    yield slice(first, count)


def _mark(dialect: sa.Dialect) -> str:
    return "?" if dialect.paramstyle == "qmark" else "%s"


@lru_cache(maxsize=256)
def _insert_text(names: tuple[str, ...], mark: str) -> str:
    return f"INSERT INTO tasks ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608 - names


@lru_cache(maxsize=256)
def _update_text(varying: tuple[bool, ...], count: int, mark: str, *, is_fenced: bool) -> str:
    by_id = f"CASE id {f'WHEN {mark} THEN {mark} ' * count}END"
    values = (f"{name} = {by_id if varies else mark}" for name, varies in zip(STATE_COLUMNS, varying, strict=True))
    fence = (
        f" AND status = 'PROCESSING' AND claim = {mark} AND version = {mark} AND cancel_requested = {mark}"
        if is_fenced
        else ""
    )
    return f"UPDATE tasks SET {', '.join(values)} WHERE id IN ({', '.join([mark] * count)}){fence}"  # noqa: S608 - names
