"""Rows that another program inserted with the documented columns alone: sound tasks, recorded at first touch."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, queries, tasks
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.outcome import Failed, TaskError
from taskflow.db.queries import Filter, Order
from taskflow.db.tasks import Claimed
from tests.store.databases import on_servers, run
from tests.store.steps import LEASE, NOON, claim, due, finish, get, history, start

TABLE = "INSERT INTO tasks (id, title, payload, status) VALUES "
NOW = datetime.now(UTC)


async def insert(engine: AsyncEngine, *ids: str, status: str = "PENDING") -> None:
    values = ", ".join(f"""('{one}', 'A stranger''s', '{{"message": "hi"}}', '{status}')""" for one in ids)
    await run(engine, TABLE + values)


async def test_the_documented_columns_alone_make_a_sound_task(engine: AsyncEngine) -> None:
    await insert(engine, "a")
    row = await get(engine, "a")
    assert (row.status, row.kind, row.queue, row.attempt, row.version) == ("PENDING", "message", "default", 0, 0)
    assert (row.payload, row.dispatch_at, row.run_at, row.max_attempts) == ({"message": "hi"}, None, None, None)
    assert abs(row.created_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_strangers_row_runs_and_its_history_begins_with_the_state_it_was_found_in(engine: AsyncEngine) -> None:
    await insert(engine, "a")
    found = await get(engine, "a")
    done = await finish(engine, await start(engine, "a", now=NOW), now=NOW)
    assert done
    assert done.status is TaskStatus.DONE
    events = await history(engine, "a")
    assert [(event.version, event.status) for event in events] == [(1, "PENDING"), (2, "PROCESSING"), (3, "DONE")]
    assert events[0].at == found.updated_at


async def test_a_strangers_row_fails_and_is_retried_like_any_other(engine: AsyncEngine) -> None:
    await insert(engine, "a")
    error = TaskError(type="Boom", message="it broke", traceback=None)
    waiting = await finish(engine, await start(engine, "a", now=NOW), Failed(error, LEASE), now=NOW)
    assert waiting
    assert (waiting.status, waiting.max_attempts, waiting.run_at) == (TaskStatus.PENDING, 3, NOW + LEASE)


async def test_two_workers_that_find_a_strangers_row_record_it_once(engine: AsyncEngine) -> None:
    await insert(engine, "a", "b", "c")
    answers = await asyncio.gather(*(claim(engine, ["c", "a", "b"], now=NOW, worker_id=name) for name in "xyz"))
    assert sum(isinstance(one, Claimed) for answer in answers for one in answer) == 3
    for one in "abc":
        assert [event.version for event in await history(engine, one)] == [1, 2]


@pytest.mark.parametrize("status", ["DONE", "FAILED", "PROCESSING"])
async def test_a_strangers_row_that_does_not_wait_is_left_as_it_is(engine: AsyncEngine, status: str) -> None:
    await insert(engine, "a", status=status)
    (given,) = await claim(engine, ["a"], now=NOW)
    assert not isinstance(given, Claimed)
    assert (await get(engine, "a")).status == status
    assert [event.status for event in await history(engine, "a")] == [status]


async def test_a_strangers_failed_row_can_be_retried(engine: AsyncEngine) -> None:
    await insert(engine, "a", status="FAILED")
    again, recorded = await tasks.retry(engine, "a", now=NOW)
    assert (again.status, again.version) == (TaskStatus.PENDING, 2)
    assert [(event.version, event.status) for event in recorded] == [(1, "FAILED"), (2, "PENDING")]
    assert (await start(engine, "a", now=NOW)).task.attempt == 1


async def test_a_strangers_row_that_was_never_published_is_recovered(engine: AsyncEngine) -> None:
    await insert(engine, "a")
    later = datetime.now(UTC) + timedelta(minutes=2)
    assert (
        await dispatch.make_due_again(engine, queue="default", now=later, untouched_since=later - LEASE, limit=10) == 1
    )
    assert [task.id for task in await due(engine, now=later)] == ["a"]


async def test_reading_a_strangers_row_writes_nothing(engine: AsyncEngine) -> None:
    await insert(engine, "a")
    (row,) = await queries.page(engine, Filter(), Order(), after=None, limit=10)
    assert (row.version, await history(engine, "a")) == (0, [])


async def test_a_strangers_dates_are_kept(engine: AsyncEngine) -> None:
    await run(
        engine,
        "INSERT INTO tasks (id, title, payload, status, created_at, updated_at, finished_at) VALUES "
        "('a', 'Old', NULL, 'PENDING', '2020-02-29 23:59:59.000001', '2021-01-01 00:00:00.000000', NULL)",
    )
    await start(engine, "a", now=NOON)
    row = await get(engine, "a")
    assert row.created_at == datetime(2020, 2, 29, 23, 59, 59, 1, tzinfo=UTC)
    assert (await history(engine, "a"))[0].at == datetime(2021, 1, 1, tzinfo=UTC)


@on_servers
async def test_a_stranger_who_changes_its_own_row_sees_updated_at_move(engine: AsyncEngine) -> None:
    await insert(engine, "a")
    await run(engine, "UPDATE tasks SET updated_at = '2020-01-01' WHERE id = 'a'", "UPDATE tasks SET title = 'New'")
    assert (await get(engine, "a")).updated_at > datetime(2021, 1, 1, tzinfo=UTC)


async def test_a_payload_that_is_no_json_is_refused_or_does_not_spoil_the_list(engine: AsyncEngine) -> None:
    await insert(engine, "a", "b")
    payloads: dict[str, object] = {"a": {"message": "hi"}, "b": {"message": "hi"}}
    try:
        await run(engine, "UPDATE tasks SET payload = '{oops' WHERE id = 'a'")
        payloads["a"] = "{oops"
    except sa.exc.DBAPIError:
        assert engine.dialect.name == "mysql"  # whose type JSON takes nothing else
    rows = await queries.page(engine, Filter(), Order(), after=None, limit=10)
    assert {row.id: row.payload for row in rows} == payloads
