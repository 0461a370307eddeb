"""What migrations promise: the same tables from an empty database, twice, at once, down and up."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.errors import MigrationRefused
from taskflow.db.migrate import LOCK, config, migrate
from taskflow.db.revision import REVISIONS, VERSION_TABLE, is_current
from tests.store.databases import Maker, check, columns_of_tasks, fetch, on_servers, run, shape
from tests.store.documented import DOCUMENTED_COLUMNS, NOW, documented_rows
from tests.store.steps import create_one, finish, get, start, started

TOP = Path(__file__).parents[2]


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


async def test_what_a_newer_release_has_migrated_is_left_as_it_is(empty: AsyncEngine) -> None:
    await migrate(empty)
    await run(empty, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    before = await shape(empty)
    await migrate(empty)
    assert await shape(empty) == before
    assert await fetch(empty, f"SELECT version_num FROM {VERSION_TABLE}") == [("9999",)]
    assert await is_current(empty)


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
    columns = await columns_of_tasks(empty)
    assert columns == DOCUMENTED_COLUMNS.split(", ")
    assert await documented_rows(empty) == rows

    await migrate(empty)
    assert await shape(empty) == before
    assert await documented_rows(empty) == rows
    assert done
    assert (await start(empty, waiting.id, now=NOW)).task.attempt == 1


@on_servers
async def test_waiting_for_another_migration_ends_with_a_sentence(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.db.migrate.LOCK_WAIT_SECONDS", 0)
    async with maker.empty() as engine, engine.connect() as other:
        assert await other.scalar(sa.select(sa.func.get_lock(LOCK, 0))) == 1
        with pytest.raises(MigrationRefused, match="still running"):
            await migrate(engine)
