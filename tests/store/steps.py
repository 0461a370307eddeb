"""What tests do to tasks, in a word each, and what must hold of every history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, finishing, queries, tasks
from taskflow.db.finishing import Finish
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import NewTask, Task, TaskEvent
from taskflow.db.models import tasks as table
from taskflow.db.outcome import Outcome, Succeeded, TaskError
from taskflow.db.rescue import record_lost
from taskflow.db.tasks import Claimed, Created

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=30)
LATER = NOON + timedelta(hours=1)
ERROR = TaskError(type="Boom", message="it broke 💥", traceback="line 1\nline 2")
HALF = 0.5


def new(**values: Any) -> NewTask:
    defaults: dict[str, Any] = {
        "id": str(uuid4()),
        "title": "Example Task",
        "kind": "message",
        "queue": "default",
        "payload": {"value": 42},
        "run_at": None,
        "max_attempts": None,
        "idempotency_key": None,
        "digest": "digest" if values.get("idempotency_key") else None,
    }
    return NewTask(**defaults | values)


async def create(engine: AsyncEngine, count: int = 1, *, now: datetime = NOON, **values: Any) -> list[Task]:
    (created,), _ = await tasks.create(engine, [[new(**values) for _ in range(count)]], now=now)
    assert isinstance(created, Created)
    return created.tasks


async def create_one(engine: AsyncEngine, *, now: datetime = NOON, **values: Any) -> Task:
    return (await create(engine, now=now, **values))[0]


async def claim(
    engine: AsyncEngine, ids: Sequence[str], *, now: datetime = NOON, worker_id: str = "w", limit: int = 3
) -> list[Claimed | Task | None]:
    results, _ = await tasks.claim(
        engine, ids, now=now, lease=LEASE, worker_id=worker_id, max_attempts=lambda kind: limit
    )
    return results


async def start(engine: AsyncEngine, task_id: str, *, now: datetime = NOON, worker_id: str = "w") -> Claimed:
    (claimed,) = await claim(engine, [task_id], now=now, worker_id=worker_id)
    assert isinstance(claimed, Claimed)
    return claimed


async def started(engine: AsyncEngine, *, now: datetime = NOON, **values: Any) -> Claimed:
    """A new task, claimed."""
    return await start(engine, (await create_one(engine, now=now, **values)).id, now=now)


async def finish(
    engine: AsyncEngine, claimed: Claimed, outcome: Outcome | None = None, *, now: datetime = NOON
) -> Task | None:
    (ended,), _ = await finishing.finish(engine, [Finish(claimed.task, outcome or Succeeded())], now=now)
    return ended


async def mark(engine: AsyncEngine, *published: Task) -> None:
    await dispatch.mark_published(engine, [(task.id, task.status, task.version) for task in published])


async def due(engine: AsyncEngine, *, now: datetime = NOON, limit: int = 100) -> list[Task]:
    """What the dispatcher would hand over now, lost workers included."""
    lost = await record_lost(engine, now=now, limit=limit, jitter=lambda: 0.0)
    failed = [task for task in lost.tasks.values() if task.status is TaskStatus.FAILED]
    waiting, _ = await dispatch.take_due(engine, now=now, limit=limit)
    return failed + waiting


async def get(engine: AsyncEngine, task_id: str) -> Task:
    return (await queries.get(engine, [task_id]))[task_id]


async def history(engine: AsyncEngine, task_id: str) -> list[TaskEvent]:
    return (await queries.histories(engine, [task_id]))[task_id]


async def all_tasks(engine: AsyncEngine) -> list[Task]:
    async with engine.connect() as connection:
        return [Task(*row) for row in await connection.execute(sa.select(table))]


async def check_histories(engine: AsyncEngine) -> None:
    """Versions go 1, 2, 3 … to the row's own, without a hole, and the last event says what the row says."""
    rows = await all_tasks(engine)
    events = await queries.histories(engine, [task.id for task in rows])
    for task in rows:
        assert [event.version for event in events[task.id]] == list(range(1, task.version + 1)), task
        if task.version:
            last = events[task.id][-1]
            assert (last.status, last.attempt, last.at) == (task.status, task.attempt, task.updated_at), task
