"""Ended tasks are deleted with all that belongs to them, in sets, by any number of processes; and nothing else is."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import letters, pages, queries, retention, tasks
from taskflow.db.audit import Act
from taskflow.db.audit import page as audit_page
from taskflow.db.errors import TaskNotFound, TransitionRejected
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task
from taskflow.db.models import tasks as table
from taskflow.db.queries import Filter, Order
from taskflow.db.transaction import LONGEST_OPEN
from tests.contracts.waiting import eventually
from tests.store.databases import fetch, on_servers
from tests.store.explain import sent
from tests.store.steps import (
    LATER,
    NOON,
    SECOND,
    all_tasks,
    create,
    create_one,
    finish,
    history,
    mark,
    start,
    started,
)

DONE, FAILED, CANCELLED = TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED
ACT = Act("boss", "deleteTask", "x")


async def done(engine: AsyncEngine, count: int = 1, *, now: datetime = NOON, **values: Any) -> list[Task]:
    """Tasks that ended then."""
    some = await create(engine, count, now=now, **values)
    for task in some:
        await finish(engine, await start(engine, task.id, now=now), now=now)
    return some


async def put(engine: AsyncEngine, task_id: str, **values: Any) -> None:
    async with engine.begin() as connection:
        values["updated_at"] = table.c.updated_at
        await connection.execute(table.update().where(table.c.id == task_id).values(values))


async def prune(
    engine: AsyncEngine,
    status: TaskStatus = DONE,
    *,
    before: datetime = LATER,
    after: datetime | None = None,
    limit: int = 100,
) -> retention.Pruned:
    return await retention.prune(engine, status, before=before, after=after, limit=limit)


async def names(engine: AsyncEngine) -> set[str]:
    return {task.id for task in await all_tasks(engine)}


async def test_a_task_is_deleted_with_its_history_and_what_searches_find(engine: AsyncEngine) -> None:
    (old,) = await done(engine, title="Zebra")
    (young,) = await done(engine, now=LATER, title="Zebra")
    running, waiting = (await started(engine)).task, await create_one(engine)
    assert await prune(engine) == retention.Pruned(1, None)
    assert await names(engine) == {young.id, running.id, waiting.id}
    assert await history(engine, old.id) == []
    assert len(await history(engine, young.id)) == 3
    found = await pages.page(engine, Filter(search="zebra"), Order(), after=None, limit=10)
    assert [task.id for task in found] == [young.id]
    if engine.dialect.name == "sqlite":
        assert len(await fetch(engine, "SELECT id FROM tasks_search")) == 3


async def test_each_status_has_its_own_age(engine: AsyncEngine) -> None:
    (one,) = await done(engine)
    other = await create_one(engine)
    await tasks.cancel(engine, other.id, now=NOON)
    assert (await prune(engine, CANCELLED)).deleted == 1
    assert await names(engine) == {one.id}


async def test_a_failed_task_stays_until_task_dead_has_its_message(engine: AsyncEngine) -> None:
    (task,) = await done(engine)
    await put(engine, task.id, status=FAILED, dispatch_at=NOON)
    assert (await prune(engine, FAILED)).deleted == 0
    await put(engine, task.id, dispatch_at=None)
    assert (await prune(engine, FAILED)).deleted == 1


async def test_sets_follow_each_other_to_the_end(engine: AsyncEngine) -> None:
    for number in range(5):
        await done(engine, now=NOON + number * SECOND)
    after, deleted = None, []
    while True:
        pruned = await prune(engine, after=after, limit=2)
        deleted.append(pruned.deleted)
        if (after := pruned.after) is None:
            break
    assert deleted == [2, 2, 1]
    assert await names(engine) == set()


async def test_those_that_have_to_stay_do_not_keep_others(engine: AsyncEngine) -> None:
    stays = await done(engine, 2)
    for task in stays:
        await put(engine, task.id, dispatch_at=NOON)
    await done(engine, now=NOON + SECOND)
    assert await prune(engine, limit=2) == retention.Pruned(1, None)
    assert await names(engine) == {task.id for task in stays}


async def test_processes_at_the_same_time_delete_each_task_once(engine: AsyncEngine) -> None:
    for number in range(10):
        await done(engine, 3, now=NOON + number * SECOND)
    pruned = await asyncio.gather(*(prune(engine) for _ in range(4)))
    assert sum(one.deleted for one in pruned) == 30
    assert await fetch(engine, "SELECT id FROM task_events") == []


@on_servers
async def test_a_row_that_somebody_has_locked_is_left_alone_and_not_waited_for(engine: AsyncEngine) -> None:
    kept, _ = await done(engine, 2)
    async with engine.connect() as connection:
        await connection.execute(sa.select(table.c.id).where(table.c.id == kept.id).with_for_update())
        async with asyncio.timeout(4):  # seconds; a lock is waited for as long as 5
            assert (await prune(engine)).deleted == 1
        await connection.rollback()
    assert await names(engine) == {kept.id}


@on_servers
async def test_one_process_at_a_time_prunes(engine: AsyncEngine) -> None:
    async with retention.alone(engine) as first, retention.alone(engine) as second:
        assert (first, second) == (True, False)
    with pytest.raises(ZeroDivisionError):
        async with retention.alone(engine):
            raise ZeroDivisionError

    async def is_free() -> bool:
        async with retention.alone(engine) as again:
            return again

    await eventually(is_free)  # the server takes a moment to miss the connection that was cut


async def test_dead_letters_go_by_their_age(engine: AsyncEngine) -> None:
    for at in (NOON, NOON + SECOND, LATER):
        await letters.keep(engine, b"x", most=9, reason="y", queue="mail", task_id=None, now=at)
    assert [await retention.prune_letters(engine, before=LATER, limit=1) for _ in range(3)] == [1, 1, 0]
    assert await letters.count(engine) == 1


async def test_a_deleted_task_leaves_an_entry_and_its_key(engine: AsyncEngine) -> None:
    (task,) = await done(engine, idempotency_key="k")
    await retention.delete(engine, task.id, ACT, now=LATER)
    assert await names(engine) == set()
    assert await history(engine, task.id) == []
    assert [entry.actor for entry in await audit_page(engine, before=None, limit=5)] == ["boss"]
    again = await create_one(engine, idempotency_key="k")
    assert again.id != task.id


async def test_what_has_not_ended_or_is_not_there_is_not_deleted(engine: AsyncEngine) -> None:
    running, waiting = (await started(engine)).task, await create_one(engine)
    for task in (running, waiting):
        with pytest.raises(TransitionRejected, match="only one that has ended can be deleted"):
            await retention.delete(engine, task.id, ACT, now=LATER)
    for unknown in ("", "nothing", waiting.id.upper()):
        with pytest.raises(TaskNotFound):
            await retention.delete(engine, unknown, ACT, now=LATER)
    assert await names(engine) == {running.id, waiting.id}
    assert await audit_page(engine, before=None, limit=5) == []


async def test_who_resumes_after_a_deleted_event_misses_nothing_that_is_left(engine: AsyncEngine) -> None:
    before = await create_one(engine, now=NOON - 9 * LONGEST_OPEN)
    await done(engine)
    told = await queries.last_event_id(engine)
    late = await create_one(engine, now=NOON + SECOND)
    assert (await prune(engine)).deleted == 1
    first = await queries.replay_start(engine, told)
    assert [event.task_id for event in await queries.recorded(engine, after=first, limit=9)][-1:] == [late.id]
    await retention.delete(engine, (await done(engine))[0].id, ACT, now=LATER)
    await tasks.cancel(engine, before.id, now=LATER)
    assert (await prune(engine, CANCELLED, before=LATER + SECOND)).deleted == 1
    await mark(engine, late)
    assert await queries.replay_start(engine, 10**9) <= 10**9
    assert await queries.replay_start(engine, 1) <= 1


@pytest.mark.parametrize("maker", ["sqlite"], indirect=True)
async def test_sqlite_finds_what_ended_by_its_end_and_looks_through_the_searched_once_a_set(
    engine: AsyncEngine,
) -> None:
    await done(engine, 3)
    with sent(engine) as statements:
        assert (await prune(engine, after=NOON)).deleted == 3
    async with engine.connect() as connection:
        plans = [
            str(tuple(row)[3:])
            for statement, values in statements
            for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert "idx_tasks_finished_at (finished_at>? AND finished_at<?)" in plans[0]
    assert len([plan for plan in plans if "SCAN" in plan]) == 1
