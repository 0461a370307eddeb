"""A cluster for each module, the services it runs on, and its logs beside a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import services
from tests.integration.api import Watcher, watching
from tests.integration.cluster import Cluster, cluster_on
from tests.services.private import private

FindService = Callable[[services.Service], str]


@pytest.fixture(scope="module")
def server(service_url: FindService) -> str:
    """The database server: MySQL where there is one, else MariaDB."""
    return service_url("mysql" if services.url("mysql") else "mariadb")


@pytest.fixture(scope="module")
def rabbitmq_url(service_url: FindService) -> str:
    return service_url("rabbitmq")


@pytest.fixture(scope="session")
def redis_url(service_url: FindService) -> Iterator[str]:
    """Nobody else's, where it can be had: a cluster hears whatever is published on the channels that it knows."""
    shared = service_url("redis")
    with private("redis") as server:
        yield server.url if server else shared


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(server: str, rabbitmq_url: str, redis_url: str, folder: Path) -> AsyncIterator[Cluster]:
    async with cluster_on(folder, server=server, rabbitmq_url=rabbitmq_url, redis_url=redis_url, workers=2) as cluster:
        yield cluster


@pytest_asyncio.fixture(loop_scope="module")
async def watcher(cluster: Cluster) -> AsyncIterator[Watcher]:
    async with watching(cluster.url) as watcher:
        yield watcher


@pytest.fixture(autouse=True)
def show_logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Printed, so that pytest shows them with what failed."""
    cluster: Cluster | None = request.getfixturevalue("cluster") if "cluster" in request.fixturenames else None
    yield
    if cluster:
        print(cluster.logs())
