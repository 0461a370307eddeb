"""`taskflow.outbox.insert`: the task exists if and only if the caller's own transaction commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import format_trace_id
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from taskflow import outbox, task
from taskflow.db import dispatch
from taskflow.db.lifecycle import TaskStatus
from taskflow.errors import Conflict, InvalidTask
from tests.store.databases import on_servers
from tests.store.steps import all_tasks, get, history


class Order(BaseModel):
    number: int


@task("ship", max_attempts=7, queue="parcels")
async def ship(payload: Order) -> None: ...


@pytest.fixture
async def theirs(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The caller's engine, made as they make it: without any setting of ours."""
    theirs = create_async_engine(engine.url)
    yield theirs
    await theirs.dispose()


async def test_committed_it_is_a_task_like_any_other_and_due_at_once(engine: AsyncEngine, theirs: AsyncEngine) -> None:
    async with theirs.begin() as connection:
        task_id = await outbox.insert(connection, ship, Order(number=7), title="Ship order 7", max_attempts=2)
    row = await get(engine, task_id)
    assert (row.title, row.kind, row.queue, row.payload) == ("Ship order 7", "ship", "parcels", {"number": 7})
    assert (row.status, row.version, row.attempt, row.max_attempts) == ("PENDING", 0, 0, 2)
    taken, recorded = await dispatch.take_due(engine, now=datetime.now(UTC), limit=10)
    assert [one.id for one in taken] == [task_id]
    assert [(event.version, event.status) for event in await history(engine, task_id)] == [(1, TaskStatus.PENDING)]
    assert [(event.task_id, event.version, event.status) for event in recorded] == [(task_id, 1, "PENDING")]


async def test_rolled_back_it_never_was(engine: AsyncEngine, theirs: AsyncEngine) -> None:
    async with theirs.connect() as connection:
        await outbox.insert(connection, "ship", {"number": 7})
        await outbox.insert(connection, "ship", {"number": 8}, key="order-8")
        await connection.rollback()
    assert await all_tasks(engine) == []


@pytest.mark.parametrize("how", ["AsyncSession", "Session", "Connection"])
async def test_sessions_and_plain_connections_will_do(engine: AsyncEngine, theirs: AsyncEngine, how: str) -> None:
    async with AsyncSession(theirs) as session, session.begin():
        if how == "AsyncSession":
            task_id = await outbox.insert(session, ship, Order(number=1), key="one")
        else:
            task_id = await session.run_sync(lambda sync: insert_plainly(sync, how))
    assert (await get(engine, task_id)).payload == {"number": 1}


def insert_plainly(session: Session, how: str) -> str:
    return outbox.insert(session if how == "Session" else session.connection(), ship, Order(number=1), key="one")


async def test_one_with_a_date_is_recorded_at_once_and_waits_for_it(engine: AsyncEngine, theirs: AsyncEngine) -> None:
    async with theirs.begin() as connection:
        task_id = await outbox.insert(connection, ship, Order(number=7), delay=timedelta(hours=1))
    taken, _ = await dispatch.take_due(engine, now=datetime.now(UTC), limit=10)
    assert taken == []
    assert [event.version for event in await history(engine, task_id)] == [1]
    row = await get(engine, task_id)
    assert row.dispatch_at == row.run_at
    assert row.run_at
    assert timedelta(minutes=59) < row.run_at - row.created_at <= timedelta(hours=1)


async def test_the_same_key_gives_the_first_task_and_with_another_input_a_conflict(
    engine: AsyncEngine, theirs: AsyncEngine
) -> None:
    async with theirs.begin() as connection:
        first = await outbox.insert(connection, ship, Order(number=7), key="order-7")
        assert await outbox.insert(connection, ship, Order(number=7), key="order-7") == first
    async with theirs.begin() as connection:
        assert await outbox.insert(connection, ship, Order(number=7), key="order-7") == first
        with pytest.raises(Conflict, match=f"'order-7' was used for task {first}"):
            await outbox.insert(connection, ship, Order(number=8), key="order-7")
        other = await outbox.insert(connection, ship, Order(number=8))
    assert {one.id for one in await all_tasks(engine)} == {first, other}


@on_servers
async def test_of_two_transactions_with_the_same_key_one_makes_the_task(
    engine: AsyncEngine, theirs: AsyncEngine
) -> None:
    async with theirs.connect() as one, theirs.connect() as other:
        first = await outbox.insert(one, ship, Order(number=7), key="order-7")
        waiting = asyncio.ensure_future(outbox.insert(other, ship, Order(number=7), key="order-7"))
        await one.commit()
        assert await waiting == first
        await other.commit()
    assert len(await all_tasks(engine)) == 1


@pytest.mark.parametrize(
    ("payload", "options", "fields"),
    [
        ({"number": "many"}, {}, {"payload.number"}),
        (Order(number=1), {"title": " ", "max_attempts": 0}, {"title", "max_attempts"}),
        (Order(number=1), {"run_at": datetime(2031, 1, 1)}, {"run_at"}),
    ],
)
async def test_what_no_create_would_take_is_refused_before_anything_is_written(
    engine: AsyncEngine, theirs: AsyncEngine, payload: Any, options: dict[str, Any], fields: set[str]
) -> None:
    async with theirs.begin() as connection:
        with pytest.raises(InvalidTask) as refused:
            outbox.insert(connection, ship, payload, **options)
        assert refused.value.errors.keys() == fields
        assert await connection.scalar(sa.text("SELECT COUNT(*) FROM tasks")) == 0


async def test_a_payload_above_the_setting_is_refused(theirs: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYLOAD_MAX_BYTES", "20")
    async with theirs.connect() as connection:
        with pytest.raises(InvalidTask, match="payload takes at most 20 bytes"):
            outbox.insert(connection, "ship", {"text": "x" * 20})


async def test_it_belongs_to_the_span_that_it_is_inserted_in(engine: AsyncEngine, theirs: AsyncEngine) -> None:
    async with theirs.begin() as connection:
        outside = await outbox.insert(connection, ship, Order(number=1))
        with TracerProvider().get_tracer("a program").start_as_current_span("checkout") as span:
            inside = await outbox.insert(connection, ship, Order(number=2))
    assert (await get(engine, outside)).traceparent is None
    assert (await get(engine, inside)).trace_id == format_trace_id(span.get_span_context().trace_id)
