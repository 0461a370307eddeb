"""The bench: resources on the twins, a database that the migrations built, and the log."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from taskflow.db.migrate import migrate
from taskflow.infra.background import in_background
from taskflow.infra.broker.memory import MemoryBroker
from taskflow.infra.database import open_database
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import Settings
from tests.worker.bench import Bench, Worker, working

Logs = list[MutableMapping[str, Any]]
StartWorker = Callable[..., AbstractAsyncContextManager[Worker]]


def sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "taskflow.db"

    async def make() -> None:
        async with open_database(sqlite(path), attempts=1, backoff=timedelta()) as engine:
            await migrate(engine)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, make()).result()
    return path


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> Settings:
    """What a test may override with `settings.model_copy(update=…)` in a fixture of the same name."""
    database = tmp_path / "taskflow.db"
    shutil.copyfile(migrated, database)
    return Settings(
        db_url=sqlite(database),
        rabbitmq_url="memory://",
        redis_url="memory://",
        worker_queues={"default": None},
        worker_prefetch=8,
        worker_lease=timedelta(seconds=30),
        worker_shutdown_timeout=timedelta(),
        payload_max_bytes=10_000,
    )


@pytest.fixture(autouse=True)
def _quick_heartbeats(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """One each 0.1 s, whatever the lease: it can be long enough that a machine which stalls does not lose it."""
    monkeypatch.setattr("taskflow.worker.leases.HEARTBEATS_A_LEASE", settings.worker_lease / timedelta(seconds=0.1))
    monkeypatch.setattr("taskflow.worker.dispatcher.SETTLING", timedelta())


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        resources = await stack.enter_async_context(open_resources(settings))
        assert isinstance(resources.broker, MemoryBroker)
        bench = Bench(resources, resources.broker)
        await stack.enter_async_context(in_background(bench.listen(), name="listen"))
        await asyncio.sleep(0)  # its subscription stands
        yield bench


@pytest.fixture
def start_worker(bench: Bench) -> StartWorker:
    return lambda *functions: working(bench.resources, *functions)


@pytest.fixture
def logs() -> Iterator[Logs]:
    """What ours log, as data."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as entries:
        yield entries
