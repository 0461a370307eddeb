"""What the adoption of a table that exists already promises: every row is kept, and another table is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, queries, tasks
from taskflow.db.errors import MigrationRefused
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.migrate import migrate
from taskflow.db.queries import Filter, Order
from taskflow.db.revision import is_current
from tests.store.databases import Maker, check, columns_of_tasks, engine_on, fetch, on_servers, run, shape
from tests.store.documented import DOCUMENTED, NOW, adopted, documented_rows
from tests.store.steps import all_tasks, due, finish, get, history, start, started


async def test_adoption_keeps_every_row_as_it_is(empty: AsyncEngine) -> None:
    before = await documented_rows(await adopted(empty))
    await migrate(empty)
    assert await documented_rows(empty) == before
    assert len(await all_tasks(empty)) == 5


async def test_adoption_leads_to_the_same_tables_as_an_empty_database(empty: AsyncEngine, maker: Maker) -> None:
    await migrate(await adopted(empty))
    async with maker.empty() as fresh:
        await migrate(fresh)
        assert await shape(empty) == await shape(fresh)
    if maker.backend != "sqlite":  # where a documented key may be NULL
        await check(empty)


async def test_adoption_leaves_another_tools_bookkeeping_alone(empty: AsyncEngine) -> None:
    await migrate(await adopted(empty))
    assert await fetch(empty, "SELECT version_num FROM alembic_version") == [("0cafe0",)]


async def test_each_adopted_row_that_waits_can_be_claimed_and_finished(empty: AsyncEngine) -> None:
    await migrate(await adopted(empty))
    for task_id in ("p1", "p2"):
        done = await finish(empty, await start(empty, task_id, now=NOW), now=NOW)
        assert done
        assert (done.status, [event.version for event in await history(empty, task_id)]) == ("DONE", [1, 2, 3])


async def test_adopted_rows_that_wait_and_were_never_published_are_recovered(empty: AsyncEngine) -> None:
    await migrate(await adopted(empty))
    found = await dispatch.make_due_again(
        empty, queue="default", now=NOW, untouched_since=NOW - timedelta(minutes=1), limit=10
    )
    assert found == 2
    assert {task.id for task in await due(empty, now=NOW)} == {"p1", "p2"}


async def test_an_adopted_row_that_runs_without_a_worker_does_not_run_for_ever(empty: AsyncEngine) -> None:
    """Nobody who knows of leases holds it; whoever set it running has a while to end it."""
    await migrate(await adopted(empty))
    assert await due(empty, now=datetime.now(UTC)) == []
    assert (await get(empty, "r1")).status is TaskStatus.PROCESSING
    later = datetime.now(UTC) + timedelta(minutes=10)
    await due(empty, now=later)
    lost = await get(empty, "r1")
    assert (lost.status, lost.attempt) == (TaskStatus.PENDING, 0)
    assert [task.id for task in await due(empty, now=later + timedelta(minutes=1))] == ["r1"]


async def test_adopted_rows_are_found_by_page_and_by_search(empty: AsyncEngine) -> None:
    await migrate(await adopted(empty))
    found: list[str] = []
    after = None
    while rows := await queries.page(empty, Filter(), Order(), after=after, limit=1):
        found.append(rows[0].id)
        after = Order().key(rows[0])
        assert len(found) <= 5
    assert found == ["p2", "f1", "d1", "r1", "p1"]
    searched = await queries.page(empty, Filter(search="wait"), Order(), after=None, limit=10)
    assert [task.id for task in searched] == ["p2", "p1"]


async def test_a_cancelled_adopted_row_can_be_stored(empty: AsyncEngine) -> None:
    await migrate(await adopted(empty))
    cancelled, _ = await tasks.cancel(empty, "p1", now=NOW)
    assert (await get(empty, "p1")).status is cancelled.status is TaskStatus.CANCELLED


@on_servers
@pytest.mark.parametrize("charset", ["CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", "CHARACTER SET latin1"])
async def test_a_table_in_another_character_set_or_collation_is_adopted(maker: Maker, charset: str) -> None:
    """An older server's default, or the database's own; not the one that our tables would have by themselves."""
    async with maker.empty(charset) as engine:
        before = await documented_rows(await adopted(engine))
        await migrate(engine)
        assert await documented_rows(engine) == before
        done = await finish(engine, await start(engine, "p1", now=NOW), now=NOW)
        assert done
        assert len(await history(engine, "p1")) == 3
        assert len(await queries.recorded(engine, after=0, limit=10)) == 3
        ended = await finish(engine, await started(engine, title="🎉 漢字", now=NOW), now=NOW)
        assert ended
        assert (await get(engine, ended.id)).title == "🎉 漢字"
        await check(engine)


@on_servers
async def test_a_default_of_the_status_survives_adoption(maker: Maker) -> None:
    async with maker.empty() as engine:
        await adopted(engine, DOCUMENTED.replace("'FAILED') NOT NULL", "'FAILED') NOT NULL DEFAULT 'PENDING'"))
        await migrate(engine)
        await run(engine, "INSERT INTO tasks (id, title) VALUES ('n1', 'New')")
        assert (await get(engine, "n1")).status is TaskStatus.PENDING


@on_servers
async def test_an_adoption_that_is_interrupted_after_each_step_comes_to_the_same_end(maker: Maker) -> None:
    async with maker.empty() as engine:
        before = await documented_rows(await adopted(engine))
        interruptions = 0
        while not await migrate_one_step(engine):
            interruptions += 1
            assert interruptions < 100
        assert interruptions > 20
        assert await documented_rows(engine) == before
        await check(engine)
        assert (await start(engine, "p1", now=NOW)).task.version == 2


async def migrate_one_step(engine: AsyncEngine) -> bool:
    """Migrate, and die before the second change of a table. Whether it came to its end."""
    changes = 0

    @sa.event.listens_for(engine.sync_engine, "before_cursor_execute")
    def count(connection: object, cursor: object, statement: str, *rest: object) -> None:
        nonlocal changes
        changes += statement.lstrip().upper().startswith(("ALTER", "CREATE", "DROP"))
        if changes > 1:
            raise InterruptedError

    try:
        await migrate(engine)
    except InterruptedError:
        return False
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", count)
    return True


async def test_an_interrupted_adoption_on_sqlite_leaves_nothing(tmp_path: Path) -> None:
    async with engine_on(f"sqlite+aiosqlite:///{tmp_path}/taskflow.db") as engine:
        before = await documented_rows(await adopted(engine))
        assert not await migrate_one_step(engine)
        assert len(await columns_of_tasks(engine)) == 7
        await migrate(engine)
        assert await documented_rows(engine) == before


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("CREATE TABLE tasks (id INTEGER PRIMARY KEY, name TEXT)", "it has no column title, payload, status"),
        (
            "CREATE TABLE tasks (id INTEGER PRIMARY KEY, title VARCHAR(255), payload TEXT, status VARCHAR(10),"
            " created_at DATETIME, updated_at DATETIME, finished_at DATETIME)",
            "its primary key is not a text id",
        ),
        (
            "CREATE TABLE tasks (id CHAR(36), title VARCHAR(255), payload TEXT, status VARCHAR(10),"
            " created_at DATETIME, updated_at DATETIME, finished_at DATETIME)",
            "its primary key is not a text id",
        ),
    ],
)
async def test_a_table_of_that_name_that_is_another_is_refused_with_a_sentence(
    empty: AsyncEngine, ddl: str, reason: str
) -> None:
    await run(empty, ddl)
    before = await columns_of_tasks(empty)
    with pytest.raises(MigrationRefused, match=reason):
        await migrate(empty)
    assert await columns_of_tasks(empty) == before
    assert not await is_current(empty)
