"""How much waits, and since when: figures for those who operate it. Each statement goes over an index of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.figures import NAMES_MAX
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.operating import dead_letters, kinds
from taskflow.db.transaction import read
from taskflow.db.types import MYSQLS

LOOKED_AT: Final = 1000
"""Rows of a queue among which the oldest is looked for: those with the smallest ids, which are the first created."""

AT_THE_BROKER: Final = (
    sa.select(tasks.c.queue, sa.func.count())
    .where(tasks.c.status == TaskStatus.PENDING, tasks.c.dispatch_at.is_(None))
    .group_by(tasks.c.queue)
)
OVERDUE: Final = (
    sa.select(tasks.c.status, tasks.c.queue, sa.func.count(), sa.func.min(tasks.c.dispatch_at))
    .where(
        tasks.c.status.in_([TaskStatus.PENDING, TaskStatus.FAILED]),
        tasks.c.dispatch_at <= sa.bindparam("now"),
    )
    .group_by(tasks.c.status, tasks.c.queue)
)
_FIRST: Final = (
    sa.select(tasks.c.updated_at, tasks.c.run_at)
    .where(
        tasks.c.status == TaskStatus.PENDING,
        tasks.c.dispatch_at.is_(None),
        tasks.c.queue == sa.bindparam("queue"),
    )
    .limit(LOOKED_AT)
    .subquery()
)
_DUE_SINCE: Final = sa.case((_FIRST.c.run_at > _FIRST.c.updated_at, _FIRST.c.run_at), else_=_FIRST.c.updated_at)
OLDEST: Final = sa.select(sa.func.min(_DUE_SINCE))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one queue: how many due tasks nobody has taken, and since when the oldest of them is due."""

    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is due and not handed over, waiting and failed tasks alike; `since` is None when there is nothing."""

    count: int
    since: datetime | None


async def backlog(engine: AsyncEngine, now: datetime) -> tuple[dict[str, Waiting], Outbox]:
    """What waits in each queue, up to NAMES_MAX of them, and what waits for the broker. Raises StoreUnavailable.

    A task is due from its date, or from its last change where that is later. Where more than LOOKED_AT of a queue wait
    at the broker, the oldest is that of the first created.
    """
    waiting: dict[str, Waiting] = {}
    for queue, count in (await read(engine, AT_THE_BROKER))[:NAMES_MAX]:
        [(since,)] = await read(engine, OLDEST, {"queue": queue})
        if _is_sound(queue, since):
            waiting[queue] = Waiting(count, since)
    outbox = Outbox(0, None)
    for status, queue, count, since in await read(engine, OVERDUE, {"now": now}):
        if not _is_sound(queue, since):
            continue
        outbox = Outbox(outbox.count + count, min(since, outbox.since or since))
        if status is TaskStatus.PENDING and (queue in waiting or len(waiting) < NAMES_MAX):
            known = waiting.get(queue, Waiting(0, since))
            waiting[queue] = Waiting(known.count + count, min(known.since, since))
    return waiting, outbox


def _is_sound(queue: object, since: object) -> bool:
    """Not where another program's row can't be read, nor where all of a queue were taken meanwhile."""
    return isinstance(queue, str) and isinstance(since, datetime)


async def count_dead_letters(engine: AsyncEngine) -> int:
    return int((await read(engine, sa.select(sa.func.count()).select_from(dead_letters)))[0][0])


async def known_kinds(engine: AsyncEngine) -> list[str]:
    """Those that workers have said they run, in order, up to NAMES_MAX."""
    return [row.name for row in await read(engine, sa.select(kinds.c.name).order_by(kinds.c.name).limit(NAMES_MAX))]


@dataclass(frozen=True, slots=True)
class Size:
    """`rows` is None where the database keeps no count."""

    rows: int | None
    size: int


async def sizes(engine: AsyncEngine) -> Mapping[str, Size]:
    """How large our tables are, in rows and bytes, as MySQL estimates them; SQLite's whole file, as `all`."""
    if engine.dialect.name not in MYSQLS:
        pages = sa.text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return {"all": Size(None, int((await read(engine, pages))[0][0]))}
    return {row.name: Size(int(row.count or 0), int(row.size or 0)) for row in await read(engine, _TABLES)}


_TABLES: Final[sa.TextClause] = sa.text(
    "SELECT table_name AS name, table_rows AS count, data_length + index_length AS size FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND (table_name IN ('tasks', 'task_events') OR table_name LIKE 'taskflow\\_%')"
)
