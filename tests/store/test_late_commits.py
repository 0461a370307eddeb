"""Watchers miss no change that is committed late: ids are given before the commit, so a lower one may come later."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, outbox, queries, tasks
from taskflow.db.models import task_events
from taskflow.db.models import tasks as table
from taskflow.db.rows import task_row
from taskflow.db.tasks import first_row
from taskflow.graph.live.hub import Hub, open_hub
from taskflow.graph.live.replay import follow_all
from taskflow.graph.live.watcher import News
from taskflow.infra import database
from taskflow.infra.bus.memory import open_memory_bus
from taskflow.infra.clock import Clock
from taskflow.infra.events.handover import announce
from taskflow.infra.liveness import Liveness
from tests.contracts.waiting import eventually
from tests.store.databases import engine_on, on_servers
from tests.store.steps import create_one, new

SETS = 2 * 1000
"""Two calls of createTasks that one transaction takes."""
OFTEN = timedelta(milliseconds=50)
Commit = Callable[[], Awaitable[None]]


@asynccontextmanager
async def uncommitted(engine: AsyncEngine, *, age: timedelta) -> AsyncIterator[Commit]:
    """SETS tasks and their events in a transaction that began `age` ago, and is committed by what this gives."""
    fresh = [first_row(new(), datetime.now(UTC) - age) for _ in range(SETS)]
    if engine.dialect.name == "sqlite":  # has one writer at a time: as if there were two, the ids are given beforehand
        first = await queries.last_event_id(engine) + 1
        async with engine.begin() as connection:
            await connection.execute(sa.text(f"UPDATE sqlite_sequence SET seq = seq + {SETS}"))

        async def insert() -> None:
            events = [
                {
                    "id": first + n,
                    "task_id": task.id,
                    "version": 1,
                    "status": task.status,
                    "attempt": 0,
                    "at": task.updated_at,
                }
                for n, task in enumerate(fresh)
            ]
            async with engine.begin() as connection:
                await connection.execute(table.insert(), [task_row(task) for task in fresh])
                await connection.execute(task_events.insert(), events)

        yield insert
        return
    async with engine.connect() as connection:
        await tasks._insert(connection, fresh)
        yield connection.commit


@asynccontextmanager
async def silent_hub(engine: AsyncEngine) -> AsyncIterator[Hub]:
    """All that it knows it finds by comparing."""
    async with open_memory_bus() as bus, open_hub(engine, bus, Clock(), Liveness(), compare_every=OFTEN) as hub:
        yield hub


async def told(source: AsyncGenerator[News, None], count: int) -> set[str]:
    """The tasks of so many events."""
    async with asyncio.timeout(20):
        return {(await anext(source)).event.task_id for _ in range(count)}


@asynccontextmanager
async def watching(
    engine: AsyncEngine, hub: Hub, after: int | None = None
) -> AsyncIterator[AsyncGenerator[News, None]]:
    """Once the hub tells it what comes."""
    before = hub.watchers
    async with aclosing(follow_all(engine, hub, after=after)) as source:
        first = asyncio.ensure_future(anext(source))

        async def there() -> bool:
            return hub.watchers > before

        await eventually(there)

        async def with_first() -> AsyncGenerator[News, None]:
            yield await first
            async for news in source:
                yield news

        try:
            async with aclosing(with_first()) as whole:
                yield whole
        finally:
            first.cancel()


AGES = pytest.mark.parametrize("age", [timedelta(seconds=6), timedelta(seconds=20)], ids=["6 s", "20 s"])


@AGES
async def test_who_stays_is_told_what_is_committed_late(engine: AsyncEngine, age: timedelta) -> None:
    await create_one(engine, now=datetime.now(UTC) - timedelta(minutes=5))
    async with silent_hub(engine) as hub, uncommitted(engine, age=age) as commit, watching(engine, hub) as source:
        later = await create_one(engine, now=datetime.now(UTC))
        assert await told(source, 1) == {later.id}
        await commit()
        assert len(await told(source, SETS)) == SETS


@AGES
async def test_who_begins_to_watch_is_told_what_is_committed_from_then_on(engine: AsyncEngine, age: timedelta) -> None:
    await create_one(engine, now=datetime.now(UTC) - timedelta(minutes=5))
    async with silent_hub(engine) as hub, uncommitted(engine, age=age) as commit:
        await create_one(engine, now=datetime.now(UTC))
        async with watching(engine, hub) as source:
            await commit()
            assert len(await told(source, SETS)) == SETS


@AGES
@pytest.mark.parametrize("place", ["the same hub", "another hub"])
async def test_who_resumes_is_told_what_was_committed_late(engine: AsyncEngine, age: timedelta, place: str) -> None:
    await create_one(engine, now=datetime.now(UTC) - timedelta(minutes=5))
    async with silent_hub(engine) as hub, silent_hub(engine) as other, watching(engine, hub) as somebody:
        async with uncommitted(engine, age=age) as commit:
            async with watching(engine, hub) as source:
                later = await create_one(engine, now=datetime.now(UTC))
                news = await anext(source)
                assert news.event.task_id == later.id
            await commit()
        assert len(await told(somebody, SETS + 1)) == SETS + 1
        async with watching(engine, hub if place == "the same hub" else other, news.event.event_id) as resumed:
            late: set[str] = set()
            while len(late) < SETS:
                late |= await told(resumed, 1) - {later.id}


async def test_task_of_a_callers_long_transaction_is_told_once_it_is_dispatched(engine: AsyncEngine) -> None:
    began = datetime.now(UTC) - timedelta(hours=1)
    async with silent_hub(engine) as hub, watching(engine, hub) as source:
        async with engine.connect() as connection:
            task_id = await connection.run_sync(outbox.insert, new(), now=began)
            if engine.dialect.name != "sqlite":  # which has one writer at a time
                await create_one(engine, now=datetime.now(UTC))
                await told(source, 1)
            await connection.commit()
        taken, _ = await dispatch.take_due(engine, now=datetime.now(UTC), limit=1)
        assert [task.id for task in taken] == [task_id]
        assert await told(source, 1) == {task_id}


async def test_who_resumes_where_the_order_is_known_is_sent_nothing_twice(engine: AsyncEngine) -> None:
    async with (
        open_memory_bus() as bus,
        open_hub(engine, bus, Clock(), Liveness()) as hub,
        watching(engine, hub) as source,
    ):
        for _ in range(3):
            _, events = await tasks.create(engine, [[new() for _ in range(500)]], now=datetime.now(UTC))
            announce(bus, events)
        assert len(await told(source, 1500)) == 1500
        async with watching(engine, hub, events[-3].event_id) as resumed:
            assert await told(resumed, 2) == {event.task_id for event in events[-2:]}


@on_servers
async def test_abandoned_transaction_is_rolled_back_with_its_locks(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await create_one(engine)
    monkeypatch.setattr(
        database, "SESSION", re.sub(r"(wait|transaction)_timeout = 20", r"\1_timeout = 1", database.SESSION)
    )
    async with engine_on(engine.url.render_as_string(hide_password=False)) as frozen:
        connection = await frozen.connect()
        await connection.execute(sa.update(table).where(table.c.id == task.id).values(title="Half done"))
        cancelled, _ = await tasks.cancel(engine, task.id, now=datetime.now(UTC))
        assert cancelled.title == task.title
        await connection.invalidate()
        await connection.close()
