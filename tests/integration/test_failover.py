"""The master of Redis dies under load, and a Sentinel makes another, to which the URL leads the API and the workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.checks import check_histories, check_logs, check_watcher
from tests.integration.cluster import Cluster, cluster_on
from tests.integration.conftest import FindService
from tests.integration.load import loading
from tests.services.sentinel import Group, sentinel_group

pytestmark = [pytest.mark.services, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
SOON = 10.0


@pytest.fixture(scope="module")
def group(service_url: FindService) -> Iterator[Group]:
    service_url("redis")
    with sentinel_group() as group:
        if group is None:
            pytest.skip("redis-server is not installed here, so there is no Sentinel to try")
        yield group


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(server: str, rabbitmq_url: str, group: Group, folder: Path) -> AsyncIterator[Cluster]:
    async with cluster_on(folder, server=server, rabbitmq_url=rabbitmq_url, redis_url=group.url, workers=2) as cluster:
        yield cluster


async def test_a_watcher_sees_every_change_although_the_master_of_redis_dies(cluster: Cluster, group: Group) -> None:
    async with loading(cluster) as load:
        connections = load.watcher.connections
        await load.survive(lambda: asyncio.to_thread(group.master.kill), within=SOON)
        load.stop()
        await load.account([], within=SOON)
        assert load.watcher.connections == connections, "nobody had to connect again"
        await check_histories(cluster, cluster.client.accepted)
        await check_watcher(cluster, load.watcher, cluster.client.accepted)
    check_logs(cluster)
    await cluster.api.says(lambda line: line.get("event") == "The subscription to task.status is back")
