"""Whatever is killed, cut or emptied under load: every accepted task ends, with one history, and every change is seen.

One load goes on from the first fault to the last. Leases last 2 s here, and a queue that looks emptied is filled after
2 s. Everything else is to be whole within 5 s; the bound is twice that, for a machine that does much else, and each
test prints what it took.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiormq
import pytest
import pytest_asyncio
import sqlalchemy as sa
from redis.asyncio import Redis

from taskflow.worker.slots import AHEAD
from tests.contracts.proxy import Proxy, open_proxy
from tests.contracts.rabbitmq.restart import everything_heals_after_a_restart
from tests.contracts.waiting import eventually
from tests.integration.api import Api
from tests.integration.checks import check_histories, check_logs, check_watcher
from tests.integration.cluster import Cluster, cluster_on
from tests.integration.conftest import FindService
from tests.integration.load import HANDS, Load, loading
from tests.integration.program import free_port
from tests.services.private import private
from tests.services.server import Server

pytestmark = [pytest.mark.services, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

SOON = 10.0
LEASE = 2.0
MORE_THAN_IN_HAND = 600
"""Messages: two workers have at most three hundred between them."""
WORKERS = 3


@pytest.fixture(scope="module")
def node(service_url: FindService) -> Iterator[Server | None]:
    """A RabbitMQ that may be restarted: nobody else is on it."""
    service_url("rabbitmq")
    with private("rabbitmq") as server:
        yield server


@pytest.fixture(scope="module")
def rabbitmq_url(service_url: FindService, node: Server | None) -> str:
    return node.url if node else service_url("rabbitmq")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(rabbitmq_url: str) -> AsyncIterator[Proxy]:
    """Between the cluster and RabbitMQ."""
    async with open_proxy(rabbitmq_url) as proxy:
        yield proxy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(server: str, proxy: Proxy, redis_url: str, folder: Path) -> AsyncIterator[Cluster]:
    async with cluster_on(
        folder, server=server, rabbitmq_url=proxy.url, redis_url=redis_url, workers=WORKERS
    ) as cluster:
        yield cluster


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def load(cluster: Cluster) -> AsyncIterator[Load]:
    async with loading(cluster) as load:
        yield load


async def test_nothing_happens(load: Load) -> None:
    async def nothing() -> None: ...

    outcome = await load.survive(nothing, within=SOON)
    assert outcome.errors == {"ConnectionError": outcome.kinds["stumble"]}


async def test_a_worker_is_killed(cluster: Cluster, load: Load) -> None:
    async def kill() -> None:
        await cluster.workers[0].kill()

    outcome = await load.survive(kill, within=SOON + LEASE, piled_up=40)
    await cluster.start_worker()
    assert 1 <= outcome.errors["WorkerLost"] <= HANDS + AHEAD


async def test_every_worker_is_killed(cluster: Cluster, load: Load) -> None:
    async def kill() -> None:
        workers = cluster.workers
        await asyncio.gather(*(one.kill() for one in workers))
        await asyncio.gather(*(cluster.start_worker() for _ in workers))

    outcome = await load.survive(kill, within=SOON + LEASE, piled_up=40)
    assert WORKERS <= outcome.errors["WorkerLost"] <= WORKERS * (HANDS + AHEAD)


async def test_the_api_is_killed(cluster: Cluster, load: Load) -> None:
    async def kill() -> None:
        await cluster.api.kill()
        await cluster.start_api()

    before = load.watcher.connections
    await load.survive(kill, within=SOON)
    assert load.watcher.connections > before


async def test_the_api_is_killed_between_commit_and_publish(cluster: Cluster, load: Load, rabbitmq_url: str) -> None:
    """Its way to RabbitMQ goes silent, so that it commits and answers, and publishes nothing."""
    async with open_proxy(rabbitmq_url) as silent:
        port = free_port()
        api = await cluster.start_api(port=port, RABBITMQ_URL=silent.url)
        silent.freeze()
        client = Api(f"http://127.0.0.1:{port}")
        ids = await client.create_many([{"payload": {"message": str(number)}} for number in range(50)])
        await client.close()
        assert {row.status for row in (await cluster.rows(ids)).values()} == {"PENDING"}
        await api.kill()
        await load.account(ids, within=SOON)


async def test_every_connection_to_rabbitmq_is_cut(load: Load, proxy: Proxy) -> None:
    async def cut() -> None:
        proxy.cut()

    await load.survive(cut, within=SOON)


async def test_rabbitmq_is_away_for_a_while(load: Load, proxy: Proxy) -> None:
    async def go_away() -> None:
        await proxy.go_away()
        await asyncio.sleep(2)
        await proxy.listen()

    await load.survive(go_away, within=SOON)


async def test_rabbitmq_goes_silent_for_a_while(load: Load, proxy: Proxy) -> None:
    async def go_silent() -> None:
        proxy.freeze()
        await asyncio.sleep(2)
        proxy.thaw()

    await load.survive(go_silent, within=SOON)


async def test_the_queue_is_purged(cluster: Cluster, load: Load, rabbitmq_url: str) -> None:
    async with aiormq.connect(rabbitmq_url) as connection:
        channel = await connection.channel()

        async def purge() -> None:
            assert (await channel.queue_purge(cluster.settings["RABBITMQ_QUEUE"])).message_count

        await load.survive(purge, within=SOON, piled_up=MORE_THAN_IN_HAND, seconds=0.1)


async def test_the_queue_is_deleted(cluster: Cluster, load: Load, rabbitmq_url: str) -> None:
    async with aiormq.connect(rabbitmq_url) as connection:
        channel = await connection.channel()

        async def delete() -> None:
            assert (await channel.queue_delete(cluster.settings["RABBITMQ_QUEUE"])).message_count

        await load.survive(delete, within=SOON, piled_up=MORE_THAN_IN_HAND, seconds=0.1)


async def test_rabbitmq_is_restarted(load: Load, node: Server | None) -> None:
    """The same restart is also that of the contract which each client of it keeps."""
    if node is None:
        pytest.skip("the programs of this RabbitMQ are not installed here, so there is none that a test may restart")
    await load.survive(lambda: everything_heals_after_a_restart(node), within=SOON)


async def test_every_connection_to_redis_is_dropped(cluster: Cluster, load: Load, redis_url: str) -> None:
    async def drop() -> None:
        async with Redis.from_url(redis_url) as redis:
            for _ in range(3):
                ours = [one for one in await redis.client_list() if one["name"] == cluster.database.url.database]
                for one in ours:
                    await redis.client_kill_filter(_id=one["id"])
                await asyncio.sleep(0.3)
            assert ours

    await load.survive(drop, within=SOON)


async def test_every_connection_to_the_database_is_killed(cluster: Cluster, load: Load) -> None:
    async def kill() -> None:
        for _ in range(3):
            await kill_connections(cluster)
            await asyncio.sleep(0.3)

    await load.survive(kill, within=SOON)


async def kill_connections(cluster: Cluster) -> None:
    statement = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    async with cluster.database.connect() as connection:
        for row in (await connection.execute(sa.text(statement))).all():
            try:
                await connection.execute(sa.text(f"KILL {row.id}"))
            except sa.exc.DBAPIError:
                continue  # it has ended by itself


async def test_nothing_is_left_over(cluster: Cluster, load: Load) -> None:
    """Of all faults together: each task has one history, which was seen, none waits, no log holds a traceback."""

    async def all_have_ended() -> bool:
        unfinished = "(status IN ('PENDING', 'PROCESSING') OR dispatch_at IS NOT NULL)"
        statement = f"SELECT COUNT(*) FROM tasks WHERE queue = 'default' AND {unfinished}"
        async with cluster.database.connect() as connection:
            return (await connection.execute(sa.text(statement))).scalar() == 0

    load.stop()
    await load.account([], within=SOON)
    await eventually(all_have_ended)
    await check_histories(cluster, cluster.client.accepted)
    await check_watcher(cluster, load.watcher, cluster.client.accepted)
    check_logs(cluster)
