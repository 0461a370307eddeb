"""A transaction that loses a race is run again, and one that fails or is cancelled leaves nothing."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import Task
from taskflow.db.models import tasks as table
from taskflow.db.rows import locked
from taskflow.db.tasks import Claimed
from taskflow.db.transaction import is_lost_race, transact
from tests.store.databases import engine_on, execute, on_servers, run
from tests.store.steps import all_tasks, claim, create, create_one, get, mark


@on_servers
async def test_a_deadlock_is_run_again_whole(engine: AsyncEngine) -> None:
    """Two that lock the same rows in opposite orders: what each wrote stays, once."""
    first, second = (task.id for task in await create(engine, 2))
    attempts = 0
    both_hold = asyncio.Barrier(2)

    async def add(ids: list[str]) -> None:
        first_time = True

        async def work(connection: AsyncConnection) -> None:
            nonlocal attempts, first_time
            attempts += 1
            for number, task_id in enumerate(ids):
                named = table.update().where(table.c.id == task_id)
                await connection.execute(named.values(duration_ms=sa.func.coalesce(table.c.duration_ms, 0) + 1))
                if number == 0 and first_time:
                    first_time = False
                    await both_hold.wait()

        await transact(engine, work)

    await asyncio.gather(add([first, second]), add([second, first]))
    assert attempts == 3
    assert [(await get(engine, one)).duration_ms for one in (first, second)] == [2, 2]
    await run(engine, "UPDATE tasks SET updated_at = created_at")


@on_servers
async def test_a_transaction_that_loses_each_race_gives_up(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.db.transaction.ATTEMPTS", 2)
    task = await create_one(engine)

    async def work(connection: AsyncConnection) -> None:
        await connection.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 1")
        await locked(connection, [task.id])

    async with engine.connect() as connection:
        await locked(connection, [task.id])
        with pytest.raises(StoreUnavailable) as given_up:
            await transact(engine, work)
        await connection.rollback()
    cause = given_up.value.__cause__
    assert cause
    assert is_lost_race(cause)
    await engine.dispose()


async def test_an_error_midway_leaves_nothing(engine: AsyncEngine) -> None:
    task = await create_one(engine)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(table.update().values(title="Changed"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await transact(engine, work)
    assert await get(engine, task.id) == task
    (again,) = await claim(engine, [task.id])
    assert isinstance(again, Claimed)


@pytest.mark.parametrize("turns", range(0, 24, 3))
async def test_a_write_that_is_cancelled_midway_leaves_nothing_or_all(engine: AsyncEngine, turns: int) -> None:
    """And no lock, no open transaction, no connection that answers with what another asked for."""
    some = await create(engine, 3)
    for _ in range(5):
        writing = asyncio.create_task(claim(engine, [task.id for task in some]))
        for _ in range(turns):
            await asyncio.sleep(0.0003)
        writing.cancel()
        await asyncio.wait([writing])
        async with asyncio.timeout(5):
            rows = [await get(engine, task.id) for task in some]
            assert len({(row.status, row.version, row.attempt) for row in rows}) == 1
            await mark(engine, *some)
    results = await claim(engine, [task.id for task in some])
    assert all(isinstance(one, Task | Claimed) for one in results)


async def test_refused_data_is_not_taken_for_a_database_that_is_away(engine: AsyncEngine) -> None:
    """Else whoever waits for it to come back waits for ever."""
    statements = {
        "sqlite": ["INSERT INTO tasks (id, title, status) VALUES ('a', NULL, 'PENDING')"],
        "mysql": [
            "INSERT INTO tasks (id, title, status) VALUES ('a', NULL, 'PENDING')",
            "INSERT INTO tasks (id, title, status) VALUES ('a', REPEAT('x', 256), 'PENDING')",
            "INSERT INTO tasks (id, title, status) VALUES ('a', 'A', 'NONE')",
            "INSERT INTO tasks (id, title, status) VALUES ('a', X'FF', 'PENDING')",
            "INSERT INTO tasks (id, title, status, created_at) VALUES ('a', 'A', 'PENDING', 'never')",
            "INSERT INTO checked VALUES (-1)",
            "INSERT INTO checked VALUES (1000000000000)",
        ],
    }
    if engine.dialect.name == "mysql":
        await run(engine, "CREATE TABLE checked (number INT CHECK (number > 0))")

    async def refuse(statement: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.exec_driver_sql(statement)

        with pytest.raises(sa.exc.DBAPIError):
            await transact(engine, work)

    for statement in statements[engine.dialect.name]:
        await refuse(statement)
    assert await all_tasks(engine) == []
    await run(engine, "DROP TABLE IF EXISTS checked")


@on_servers
async def test_a_dead_connection_from_the_pool_costs_nobody_anything(engine: AsyncEngine) -> None:
    await create_one(engine)
    async with engine.connect() as connection:
        victim = await connection.scalar(sa.text("SELECT CONNECTION_ID()"))
    await kill(engine, victim)
    assert len(await create(engine, 3)) == 3
    async with engine.connect() as connection:
        victim = await connection.scalar(sa.text("SELECT CONNECTION_ID()"))
    await kill(engine, victim)
    assert len(await queries.page(engine, queries.Filter(), queries.Order(), after=None, limit=10)) == 4


async def kill(engine: AsyncEngine, victim: object) -> None:
    await execute(engine.url.render_as_string(hide_password=False), f"KILL {victim}")


@on_servers
async def test_a_server_that_is_not_there_is_said_in_a_sentence(engine: AsyncEngine) -> None:
    async with engine_on(str(engine.url.set(port=9))) as nowhere:
        with pytest.raises(StoreUnavailable, match="can't be reached"):
            await create(nowhere, 1)
