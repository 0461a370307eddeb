"""What migrations promise: the same tables wherever they start, adopted rows kept; twice, at once, down and up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, queries, tasks
from taskflow.db.errors import MigrationRefused
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.migrate import LOCK, config, migrate
from taskflow.db.queries import Filter, Order
from taskflow.db.revision import REVISIONS, is_current
from tests.store.databases import Maker, engine_on, fetch, on_servers, run
from tests.store.steps import all_tasks, create_one, due, finish, get, history, start, started

TOP = Path(__file__).parents[2]
DOCUMENTED = """
    CREATE TABLE tasks (
      id           CHAR(36) PRIMARY KEY,
      title        VARCHAR(255) NOT NULL,
      payload      JSON NULL,
      status       ENUM('PENDING','PROCESSING','DONE','FAILED') NOT NULL,
      created_at   DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
      updated_at   DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
      finished_at  DATETIME(6) NULL
    )"""
DOCUMENTED_ON_SQLITE = """
    CREATE TABLE tasks (
      id           CHAR(36) PRIMARY KEY,
      title        VARCHAR(255) NOT NULL,
      payload      JSON NULL,
      status       VARCHAR(10) NOT NULL,
      created_at   DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
      updated_at   DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
      finished_at  DATETIME NULL
    )"""
ROWS = """
    INSERT INTO tasks (id, title, payload, status, created_at, updated_at, finished_at) VALUES
      ('p1', 'Waiting', '{"message": "one"}', 'PENDING',
       '2025-10-13 02:30:00.000001', '2025-10-13 02:30:00.000001', NULL),
      ('p2', 'Waiting', NULL, 'PENDING',
       '2025-10-13 02:30:00.500000', '2025-10-13 02:30:01.000000', NULL),
      ('r1', 'Running', '{"message": "two"}', 'PROCESSING',
       '2025-10-13 02:30:00.000003', '2025-10-13 02:30:02.000000', NULL),
      ('d1', 'Done', '{"message": "é"}', 'DONE',
       '2025-10-13 02:30:00.000004', '2025-10-13 02:31:00.000000', '2025-10-13 02:31:00.000000'),
      ('f1', 'Failed', '{}', 'FAILED',
       '2025-10-13 02:30:00.000005', '2025-10-13 02:31:00.000000', '2025-10-13 02:31:00.000000')
"""
DOCUMENTED_COLUMNS = "id, title, payload, status, created_at, updated_at, finished_at"
NOW = datetime.now(UTC)


@pytest.fixture
async def empty(maker: Maker) -> AsyncIterator[AsyncEngine]:
    """On a database without a table."""
    async with maker.empty() as engine:
        yield engine


async def adopted(engine: AsyncEngine, ddl: str | None = None) -> AsyncEngine:
    """With the documented table in it, rows in all its states, and another tool's bookkeeping."""
    await run(
        engine,
        ddl or (DOCUMENTED_ON_SQLITE if engine.dialect.name == "sqlite" else DOCUMENTED),
        "CREATE INDEX idx_tasks_status ON tasks (status)",
        ROWS,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('0cafe0')",
    )
    return engine


async def documented_rows(engine: AsyncEngine) -> list[tuple[object, ...]]:
    return await fetch(engine, f"SELECT {DOCUMENTED_COLUMNS} FROM tasks ORDER BY id")


async def shape(engine: AsyncEngine) -> dict[str, Any]:
    """Columns in order and indexes, of both tables."""

    def describe(connection: sa.Connection) -> dict[str, Any]:
        inspector = sa.inspect(connection)
        return {
            table: (
                [column["name"] for column in inspector.get_columns(table)],
                sorted((index["name"] or "", *index["column_names"]) for index in inspector.get_indexes(table)),
            )
            for table in ("tasks", "task_events")
        }

    async with engine.connect() as connection:
        return await connection.run_sync(describe)


async def check(engine: AsyncEngine) -> None:
    """`alembic check`: raises when a migration is missing for what the models say."""
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(config(sync)))


# --- from nothing


def test_there_is_one_head_and_the_program_knows_every_revision() -> None:
    script = ScriptDirectory.from_config(config())
    assert len(script.get_heads()) == 1
    assert tuple(one.revision for one in reversed(list(script.walk_revisions()))) == REVISIONS


async def test_an_empty_database_comes_to_the_newest_revision(empty: AsyncEngine) -> None:
    assert not await is_current(empty)
    await migrate(empty)
    assert await is_current(empty)
    assert (await finish(empty, await started(empty))) is not None


async def test_the_tables_are_what_the_models_say(empty: AsyncEngine) -> None:
    await migrate(empty)
    await check(empty)


async def test_a_second_run_changes_nothing(empty: AsyncEngine) -> None:
    await migrate(empty)
    before = await shape(empty)
    task = await create_one(empty)
    await migrate(empty)
    assert await shape(empty) == before
    assert await get(empty, task.id) == task


async def test_no_statement_draws_a_warning(empty: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    await migrate(empty)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("asyncmy")]
    assert [line for line in said if "FTS_DOC_ID" not in line] == []  # how MySQL says that it indexes words


async def test_two_processes_at_once_both_succeed(empty: AsyncEngine) -> None:
    program = "import asyncio, sys; from tests.store.databases import migrate_at; asyncio.run(migrate_at(sys.argv[1]))"
    url = empty.url.render_as_string(hide_password=False)
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, cwd=TOP)
    while not await is_begun(empty):  # noqa: ASYNC110 - in the other process
        await asyncio.sleep(0.001)
    await migrate(empty)
    assert await other.wait() == 0
    await check(empty)


async def is_begun(engine: AsyncEngine) -> bool:
    if engine.dialect.name == "sqlite":
        return await fetch(engine, "SELECT COUNT(*) FROM sqlite_master") != [(0,)]
    async with engine.connect() as connection:
        return await connection.scalar(sa.select(sa.func.is_used_lock(LOCK))) is not None


async def test_down_gives_the_documented_table_back_and_up_takes_it_again(empty: AsyncEngine) -> None:
    await migrate(empty)
    before = await shape(empty)
    done = await finish(empty, await started(empty))
    waiting = await create_one(empty)
    rows = await documented_rows(empty)

    async with empty.connect() as connection:
        await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
        await connection.commit()
    columns = await empty_columns(empty)
    assert columns == DOCUMENTED_COLUMNS.split(", ")
    assert await documented_rows(empty) == rows

    await migrate(empty)
    assert await shape(empty) == before
    assert await documented_rows(empty) == rows
    assert done
    assert (await start(empty, waiting.id, now=NOW)).task.attempt == 1


async def empty_columns(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda sync: sa.inspect(sync).get_columns("tasks"))
    return [column["name"] for column in found]


# --- from a table that stands already


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
    found = await dispatch.make_due_again(empty, queue="default", now=NOW, older_than=timedelta(minutes=1), limit=10)
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


@on_servers
async def test_waiting_for_another_migration_ends_with_a_sentence(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.db.migrate.LOCK_WAIT_SECONDS", 0)
    async with maker.empty() as engine, engine.connect() as other:
        assert await other.scalar(sa.select(sa.func.get_lock(LOCK, 0))) == 1
        with pytest.raises(MigrationRefused, match="still running"):
            await migrate(engine)


async def test_an_interrupted_adoption_on_sqlite_leaves_nothing(tmp_path: Path) -> None:
    async with engine_on(f"sqlite+aiosqlite:///{tmp_path}/taskflow.db") as engine:
        before = await documented_rows(await adopted(engine))
        assert not await migrate_one_step(engine)
        assert len(await empty_columns(engine)) == 7
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
    before = await empty_columns(empty)
    with pytest.raises(MigrationRefused, match=reason):
        await migrate(empty)
    assert await empty_columns(empty) == before
    assert not await is_current(empty)
