"""The real API on the twins: SQLite in a folder of the test's own, broker and bus in memory; a worker if asked for."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from taskflow.db.migrate import migrate
from taskflow.graph.app import open_services
from taskflow.graph.services import Services
from taskflow.infra.resources import Resources, open_resources
from taskflow.infra.settings import Settings
from taskflow.worker import builtin as handlers
from taskflow.worker import examples
from taskflow.worker.registry import Registry
from taskflow.working import work
from tests.graph.api import Api
from tests.graph.hub import NEVER, SOON, Bench, open_bench
from tests.graph.lists import NOON, stamp, titles
from tests.graph.serve import app_of, make_app, serving
from tests.graph.toy import Events


def on(database: Path) -> Settings:
    return Settings(db_url=f"sqlite+aiosqlite:///{database}", rabbitmq_url="memory://", redis_url="memory://")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "taskflow.db"

    async def make() -> None:
        async with open_resources(on(path)) as opened:
            await migrate(opened.engine)

    with ThreadPoolExecutor(1) as pool:  # this thread's event loops are the plugin's
        pool.submit(asyncio.run, make()).result()
    return path


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> Settings:
    shutil.copyfile(migrated, tmp_path / "taskflow.db")
    return on(tmp_path / "taskflow.db")


@pytest.fixture
async def resources(settings: Settings) -> AsyncIterator[Resources]:
    async with open_resources(settings) as opened:
        yield opened


@pytest.fixture
async def services(resources: Resources) -> AsyncIterator[Services]:
    async with open_services(resources) as opened:
        yield opened


@pytest.fixture
async def app(services: Services, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """The application, its services open: not yet served, and without the dashboard that may have been built here."""
    monkeypatch.setattr("taskflow.graph.app.built_dashboard", lambda: None)
    return app_of(services)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://taskflow.test") as opened:
        yield opened


@pytest.fixture
async def worker(resources: Resources) -> AsyncIterator[None]:
    """A worker beside the API, with the built-in and the example kinds."""
    stop = asyncio.Event()
    running = asyncio.create_task(work(resources, Registry.load([handlers, examples]), stop))
    yield
    stop.set()
    await running


@pytest.fixture
def api(client: httpx.AsyncClient) -> Api:
    return Api(client)


@pytest.fixture
async def tied(api: Api, resources: Resources) -> list[str]:
    """Nine titles, newest first: three instants, each with three tasks."""
    for number in range(9):
        await api.create(str(number))
        at = NOON + timedelta(microseconds=number // 3)
        await stamp(resources, str(number), created_at=at, updated_at=NOON - (at - NOON))
    return await titles(api)


@pytest.fixture
async def bench(resources: Resources) -> AsyncIterator[Bench]:
    """A hub that compares often."""
    async with open_bench(resources, compare_every=SOON) as bench:
        yield bench


@pytest.fixture
async def patient(resources: Resources) -> AsyncIterator[Bench]:
    """A hub that compares only when it is told of a gap."""
    async with open_bench(resources, compare_every=NEVER) as bench:
        yield bench


@pytest.fixture
def events() -> Events:
    """What happens to the subscriptions at `address`."""
    return Events()


@pytest.fixture
async def address(events: Events, caplog: pytest.LogCaptureFixture) -> AsyncIterator[str]:
    """Where the toy schema is served over WebSockets. No operation may crash the server."""
    async with serving(make_app(events, allowed_origins=["https://ally.test"])) as address:
        yield f"ws://{address}/graphql"
    crashes = [record for record in caplog.records if record.levelname == "ERROR" and record.name != "taskflow.graphql"]
    assert not crashes
