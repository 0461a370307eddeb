"""Every test here runs on SQLite, MariaDB and MySQL, on a database that migrations built."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.migrate import migrate
from tests import services
from tests.store.databases import SERVERS, Backend, Maker, engine_on, run
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
def migrated(maker: Maker) -> Iterator[str]:
    """The URL of a database that migrations built, one for all tests."""

    async def make() -> str:
        url = await maker.create()
        async with engine_on(url) as engine:
            await migrate(engine)
        return url

    url = asyncio.run(make())
    yield url
    asyncio.run(maker.drop(url))


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
            await run(engine, "DELETE FROM tasks", "DELETE FROM task_events")
