"""Databases for tests: made empty, dropped afterwards, and what is in them. Blocking callers use `asyncio.run`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import operating
from taskflow.db.migrate import config, migrate
from taskflow.infra.database import create_engine

Backend = Literal["sqlite", "mariadb", "mysql"]
SERVERS = [pytest.param("mariadb", marks=pytest.mark.services), pytest.param("mysql", marks=pytest.mark.services)]
on_servers = pytest.mark.parametrize("maker", SERVERS, indirect=True)
"""For what SQLite, with one writer at a time and no server, has no part in."""


@dataclass(frozen=True)
class Maker:
    """Makes databases of one kind, on `server` or in `folder`."""

    backend: Backend
    server: str
    folder: Path

    async def create(self, options: str = "") -> str:
        """The URL of an empty database; `options` as CREATE DATABASE takes them."""
        name = f"taskflow_test_{uuid4().hex[:12]}"
        if self.backend == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder / name}.db"
        await execute(self.server, f"CREATE DATABASE {name} {options}")
        return self.server + name

    async def drop(self, url: str) -> None:
        if self.backend != "sqlite":
            await execute(self.server, f"DROP DATABASE {sa.make_url(url).database}")

    @asynccontextmanager
    async def empty(self, options: str = "") -> AsyncIterator[AsyncEngine]:
        """An engine on an empty database that lasts as long as the block."""
        url = await self.create(options)
        async with engine_on(url) as engine:
            yield engine
        await self.drop(url)


@asynccontextmanager
async def engine_on(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


def writing(engine: AsyncEngine) -> AbstractAsyncContextManager[AsyncConnection]:
    """Another program's transaction. On SQLite it begins with the lock: its first statement may read before it writes,
    and is then refused at once when somebody has written in between.
    """
    return engine.execution_options(immediate=True).begin()


async def migrate_at(url: str) -> None:
    async with engine_on(url) as engine:
        await migrate(engine)


async def execute(url: str, *statements: str) -> None:
    """Each in turn, committed."""
    async with engine_on(url) as engine:
        await run(engine, *statements)


async def run(engine: AsyncEngine, *statements: str) -> None:
    """Each in turn, committed."""
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
        await connection.commit()


async def fetch(engine: AsyncEngine, statement: str) -> list[tuple[object, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.exec_driver_sql(statement)]


async def everything(engine: AsyncEngine) -> list[sa.Row[Any]]:
    """Every row of every table of ours."""
    async with engine.connect() as connection:
        found = [await connection.execute(sa.select(table)) for table in operating.audit.metadata.sorted_tables]
    return [row for result in found for row in result]


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


async def columns_of_tasks(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda sync: sa.inspect(sync).get_columns("tasks"))
    return [column["name"] for column in found]


async def check(engine: AsyncEngine) -> None:
    """`alembic check`: raises when a migration is missing for what the models say."""
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(config(sync)))
