"""What only SQLite needs: few visits to its threads, no lock left behind, readers beside a writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.migrate import migrate
from taskflow.db.transaction import transact
from tests.store.databases import engine_on, fetch
from tests.store.steps import NOON, all_tasks, create, create_one, finish, get, start


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with engine_on(f"sqlite+aiosqlite:///{tmp_path}/taskflow.db") as engine:
        await migrate(engine)
        yield engine


async def test_a_statement_is_one_visit_to_the_connections_thread(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads are woken by each: they cost more than the statements."""
    task = await create_one(engine)
    visits, visit = 0, aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *arguments: Any) -> Any:
        nonlocal visits
        visits += 1
        return await visit(self, *arguments)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await get(engine, task.id)
    assert visits == 3  # BEGIN, SELECT, ROLLBACK
    await finish(engine, await start(engine, task.id))
    assert visits == 3 + 5 + 4  # BEGIN, read when it is claimed, write, record, COMMIT


async def test_readers_do_not_wait_for_a_writer(engine: AsyncEngine) -> None:
    task = await create_one(engine)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("UPDATE tasks SET title = 'Changed'"))
        async with asyncio.timeout(1):
            assert (await get(engine, task.id)).title == task.title

    await transact(engine, work)
    assert (await get(engine, task.id)).title == "Changed"


async def test_writers_take_turns(engine: AsyncEngine) -> None:
    """SQLite's own lock goes to whoever asks when it is free: some wait for seconds, asleep, while others pass."""
    served: list[int] = []

    async def write(name: int) -> None:
        for _ in range(10):
            await create(engine, 3, now=NOON)
            served.append(name)

    await asyncio.gather(*(write(name) for name in range(6)))
    rounds = [served[start : start + 6] for start in range(0, 60, 6)]
    assert all(sorted(one) == list(range(6)) for one in rounds), rounds
    assert len(await all_tasks(engine)) == 180


async def test_the_file_is_in_wal_mode(engine: AsyncEngine) -> None:
    assert await fetch(engine, "PRAGMA journal_mode") == [("wal",)]


async def test_two_processes_connections_to_one_file_see_each_others_tasks(engine: AsyncEngine) -> None:
    async with engine_on(engine.url.render_as_string()) as other:
        task = await create_one(engine)
        assert await get(other, task.id) == task
