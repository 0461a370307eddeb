"""How much waits, and since when: figures for those who operate it. Each statement goes over an index of its own."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.figures import NAMES_MAX
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.db.transaction import read
from taskflow.db.waiting import oldest_due

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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one queue: how many due tasks nobody has taken, and since when the oldest of them waits."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is due and not handed over, waiting and failed tasks alike; `since` is None when there is nothing."""

    count: int
    since: datetime | None


async def backlog(engine: AsyncEngine, now: datetime) -> tuple[dict[str, Waiting], Outbox]:
    """What waits in each queue, up to NAMES_MAX of them, and what waits for the broker. Raises StoreUnavailable."""
    counts: Counter[str] = Counter()
    for queue, count in await read(engine, AT_THE_BROKER):
        if isinstance(queue, str):  # another program's row may be one that can't be read, here and below
            counts[queue] += count
    outbox = Outbox(0, None)
    for status, queue, count, since in await read(engine, OVERDUE, {"now": now}):
        if not isinstance(since, datetime):
            continue
        outbox = Outbox(outbox.count + count, min(since, outbox.since or since))
        if status is TaskStatus.PENDING and isinstance(queue, str):
            counts[queue] += count
    oldest = await oldest_due(engine, now=now)
    return {queue: Waiting(counts[queue], oldest.get(queue)) for queue in [*counts][:NAMES_MAX]}, outbox
