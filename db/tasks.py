"""What callers and workers write to tasks, in sets: read the rows under lock, ask the lifecycle, store what it says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import audit, lifecycle
from taskflow.db.audit import Act
from taskflow.db.decoding import records
from taskflow.db.errors import IdempotencyConflict, TaskNotFound
from taskflow.db.lifecycle import State, TaskStatus
from taskflow.db.models import NewTask, StatusEvent, Task, tasks
from taskflow.db.rows import locked, state_row, store
from taskflow.db.transaction import going_on_from, is_lost_race, transact
from taskflow.db.words import spelled
from taskflow.db.writing import IDS, insert_tasks, padded, record


@dataclass(frozen=True, slots=True)
class Created:
    """What a group of creates came to: the tasks in the order asked for, and which of them are new."""

    tasks: list[Task]
    is_new: list[bool]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that is now this worker's, with all that running it needs. `claim` is the fence to finish it with.

    `due_since` is its date, or its last change before this claim where that is later; None where nobody knows.
    """

    task: Task
    claim: int
    event_id: int
    due_since: datetime | None = None


async def create(
    engine: AsyncEngine, groups: Sequence[Sequence[NewTask]], *, now: datetime
) -> tuple[list[Created | IdempotencyConflict], list[StatusEvent]]:
    """Insert every group, each all or none, with its first events, in one transaction.

    A task whose idempotency key is known is not inserted again; with another input its group is a conflict. Raises
    StoreUnavailable.
    """

    async def work(connection: AsyncConnection) -> tuple[list[Created | IdempotencyConflict], list[StatusEvent]]:
        known = await _by_key(connection, [new.idempotency_key for group in groups for new in group])
        results: list[Created | IdempotencyConflict] = []
        fresh: list[Task] = []
        for group in groups:
            result = _resolve(group, known, now)
            results.append(result)
            if isinstance(result, Created):
                added = [task for task, is_new in zip(result.tasks, result.is_new, strict=True) if is_new]
                known |= {task.idempotency_key: task for task in added if task.idempotency_key}
                fresh += added
        return results, await _insert(connection, fresh)

    for _ in range(3):
        try:
            return await transact(engine, work)
        except sa.exc.IntegrityError as error:  # somebody else inserted one of our keys since we looked
            if is_lost_race(error) or not any(new.idempotency_key for group in groups for new in group):
                raise
    return await transact(engine, work)


def _resolve(group: Sequence[NewTask], known: Mapping[str, Task], now: datetime) -> Created | IdempotencyConflict:
    """Which of a group's tasks are new, by the keys known before and those within the group itself."""
    seen: dict[str, Task] = {}
    resolved: list[tuple[Task, bool]] = []
    for new in group:
        key = new.idempotency_key
        first = (known.get(key) or seen.get(key)) if key else None
        if first and key and first.idempotency_digest != new.digest:
            return IdempotencyConflict(key, first.id)
        task = first or first_row(new, now)
        if key:
            seen[key] = task
        resolved.append((task, first is None))
    return Created([task for task, _ in resolved], [is_new for _, is_new in resolved])


def first_row(new: NewTask, now: datetime) -> Task:
    """As it is inserted: version 1, handed over by whoever inserts it."""
    state = lifecycle.created(now=now, run_at=new.run_at, max_attempts=new.max_attempts)
    return Task(
        id=new.id,
        title=new.title,
        payload=new.payload,
        kind=new.kind,
        queue=new.queue,
        created_at=now,
        idempotency_key=new.idempotency_key,
        idempotency_digest=new.digest,
        words=spelled(new.title),
        traceparent=new.traceparent,
        **state_row(state),
    )


async def _by_key(connection: AsyncConnection, keys: Iterable[str | None]) -> dict[str, Task]:
    wanted = {key for key in keys if key is not None}
    if not wanted:
        return {}
    statement = sa.select(tasks).where(tasks.c.idempotency_key.in_(IDS))
    rows = await connection.execute(statement, {"ids": padded(wanted)})
    return {task.idempotency_key: task for task in records(Task, rows) if task.idempotency_key}


async def _insert(connection: AsyncConnection, fresh: Sequence[Task]) -> list[StatusEvent]:
    if not fresh:
        return []
    await insert_tasks(connection, fresh)
    return await record(connection, fresh)


async def claim(
    engine: AsyncEngine,
    ids: Sequence[str],
    *,
    now: datetime,
    lease: timedelta,
    worker_id: str,
    max_attempts: Callable[[str], int],
) -> tuple[list[Claimed | Task | None], list[StatusEvent]]:
    """Take the tasks named. For each id in order: Claimed; the Task as it is, when it can't be had; None for no task.

    `max_attempts` tells a kind's own limit, for tasks created without one. An id that comes twice is claimed once.
    """
    clock = going_on_from(now)

    async def work(connection: AsyncConnection) -> tuple[list[Claimed | Task | None], list[StatusEvent]]:
        found = await locked(connection, ids)
        after, locked_at = dict[str, State](), clock()
        for task in found.tasks.values():
            state = lifecycle.claim(
                task.state(), now=locked_at, lease=lease, worker_id=worker_id, max_attempts=max_attempts(task.kind)
            )
            if state:
                after[task.id] = state
        written = await store(connection, found, after)
        await _make_due_at_its_date(connection, [task for task in found.tasks.values() if task.id not in after])
        mine = {event.task_id: event.event_id for event in written.events}
        results: list[Claimed | Task | None] = []
        for task_id in ids:
            now_mine, event_id = written.tasks.get(task_id), mine.pop(task_id, None)
            if now_mine and now_mine.claim is not None and event_id is not None:
                results.append(Claimed(now_mine, now_mine.claim, event_id, _due_since(found.tasks[task_id])))
            else:
                results.append(now_mine or found.tasks.get(task_id))
        return results, written.events

    return await transact(engine, work)


def _due_since(task: Task) -> datetime:
    return max(task.updated_at, task.run_at or task.updated_at)


async def _make_due_at_its_date(connection: AsyncConnection, refused: Sequence[Task]) -> None:
    """A message that came before its task's date was the only one that there was: a dispatcher has to send another."""
    early = [task.id for task in refused if task.status is TaskStatus.PENDING and task.dispatch_at is None]
    if early:
        values = {"dispatch_at": tasks.c.run_at, "updated_at": tasks.c.updated_at}
        await connection.execute(tasks.update().where(tasks.c.id.in_(IDS)).values(values), {"ids": padded(early)})


async def cancel(
    engine: AsyncEngine, task_id: str, *, now: datetime, act: Act | None = None
) -> tuple[Task, list[StatusEvent]]:
    """Raises TaskNotFound, TransitionRejected, StoreUnavailable."""
    return await _request(engine, task_id, lambda state: lifecycle.cancel(task_id, state, now=now), now, act)


async def retry(
    engine: AsyncEngine, task_id: str, *, now: datetime, act: Act | None = None
) -> tuple[Task, list[StatusEvent]]:
    """Raises TaskNotFound, TransitionRejected, StoreUnavailable. Whoever calls has PUBLISH_GRACE to publish it."""
    return await _request(engine, task_id, lambda state: lifecycle.retry(task_id, state, now=now), now, act)


async def _request(
    engine: AsyncEngine, task_id: str, decide: Callable[[State], State | None], now: datetime, act: Act | None
) -> tuple[Task, list[StatusEvent]]:
    """`act` is written down when that changes something."""

    async def work(connection: AsyncConnection) -> tuple[Task, list[StatusEvent]]:
        found = await locked(connection, [task_id])
        if task_id not in found.tasks:
            raise TaskNotFound(task_id)
        state = decide(found.tasks[task_id].state())
        written = await store(connection, found, {task_id: state} if state else {})
        if state and act:
            await audit.write(connection, act, now=now)
        return (found.tasks | written.tasks)[task_id], written.events

    return await transact(engine, work)
