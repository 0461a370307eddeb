"""Every test here runs on SQLite, MariaDB and MySQL, on a database that migrations built."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import operating
from tests import services
from tests.store.databases import SERVERS, Backend, Maker, engine_on, migrate_at, run
from tests.store.steps import check_histories


@pytest.fixture(scope="session", params=["sqlite", *SERVERS])
def maker(
    request: pytest.FixtureRequest,
    service_url: Callable[[services.Service], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Maker:
    backend: Backend = request.param
    return Maker(backend, "" if backend == "sqlite" else service_url(backend), tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def kept() -> Iterator[dict[Backend, tuple[Maker, str]]]:
    """The databases that migrations built, until all tests have run: each file asks for all three in turn."""
    databases: dict[Backend, tuple[Maker, str]] = {}
    yield databases
    for maker, url in databases.values():
        asyncio.run(maker.drop(url))


@pytest.fixture(scope="session")
def migrated(maker: Maker, kept: dict[Backend, tuple[Maker, str]]) -> str:
    """The URL of a database that migrations built, one of each kind for all tests."""

    async def make() -> str:
        url = await maker.create()
        await migrate_at(url)
        return url

    if maker.backend not in kept:
        kept[maker.backend] = maker, asyncio.run(make())
    return kept[maker.backend][1]


@pytest.fixture
async def empty(maker: Maker) -> AsyncIterator[AsyncEngine]:
    """On a database without a table."""
    async with maker.empty() as engine:
        yield engine


@pytest.fixture
async def engine(
    maker: Maker, migrated: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[AsyncEngine]:
    """On a database without rows. After the test every history is sound, and no statement has drawn a warning."""
    url = migrated
    if maker.backend == "sqlite":
        copy = tmp_path / "taskflow.db"
        shutil.copy(migrated.partition("///")[2], copy)
        url = f"sqlite+aiosqlite:///{copy}"
    async with engine_on(url) as engine:
        yield engine
        try:
            await check_histories(engine)
            assert [record.getMessage() for record in caplog.records if record.name.startswith("asyncmy")] == []
        finally:
            await run(engine, *(f"DELETE FROM {table}" for table in operating.workers.metadata.tables))
