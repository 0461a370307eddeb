"""A served API of the test's own, a worker with the shop's handlers if asked for, and a client of it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from taskflow import Client
from taskflow.infra.resources import Resources
from taskflow.infra.settings import Settings
from tests.client.front import Front
from tests.client.working import shop_worker
from tests.contracts.proxy import Proxy, open_proxy
from tests.graph import conftest as bench
from tests.graph.serve import serving

migrated = bench.migrated
resources = bench.resources
services = bench.services
app = bench.app
client = bench.client
api = bench.api


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the machine that tests run on."""
    for name in ("TASKFLOW_URL", "TASKFLOW_TOKEN", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> Settings:
    shutil.copyfile(migrated, tmp_path / "taskflow.db")
    wanted = {"worker_queues": {"default": None, "shop": None}, "payload_max_bytes": 10_000, "worker_prefetch": 100}
    return bench.on(tmp_path / "taskflow.db").model_copy(update=wanted)


@pytest.fixture
def front(app: Starlette) -> Front:
    return Front(app)


@pytest.fixture
async def url(front: Front) -> AsyncIterator[str]:
    async with serving(front) as host:
        yield f"http://{host}"


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    async with open_proxy(url) as opened:
        yield opened


@pytest.fixture
async def tasks(url: str) -> AsyncIterator[Client]:
    async with Client(url) as opened:
        yield opened


@pytest.fixture
async def worker(resources: Resources, url: str) -> AsyncIterator[None]:
    async with shop_worker(resources, url):
        yield
