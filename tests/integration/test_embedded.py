"""`taskflow up`, all in one process: killed or stopped, and started again, it finds its tasks in SQLite and goes on."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.api import watching
from tests.integration.checks import check_histories, check_logs, check_watcher
from tests.integration.cluster import Cluster, embedded
from tests.integration.load import pile_up, sample

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    """One process; what it leaves is a file."""
    async with embedded(folder, WORKER_HANDLERS="tests.integration.team", WORKER_LEASE="2") as cluster:
        yield cluster


async def test_a_fresh_folder_is_enough(cluster: Cluster) -> None:
    async with watching(cluster.url) as watcher:
        ids = [await cluster.client.create(**sample(number)) for number in range(30)]
        ids += [await cluster.client.create(kind="progress", payload={"images": 2, "seconds": 0.1})]
        await watcher.see_the_end_of(ids, within=15)
        await check_watcher(cluster, watcher, ids)
    await check_histories(cluster, ids)
    assert (await cluster.client.get("/healthz"))["status"] == "ok"


async def test_killed_and_started_again_it_goes_on(cluster: Cluster) -> None:
    """Some tasks ran, some waited in the broker that died too, some came in the very last moment."""
    async with watching(cluster.url) as watcher:
        ids = await pile_up(cluster, 40, 0.5)
        await watcher.see_the_end_of(ids[:1], within=10)
        ids += [await cluster.client.create(payload={"message": "the last moment"}) for _ in range(10)]
        await cluster.api.kill()
        began = time.monotonic()
        await cluster.start_up()
        await watcher.see_the_end_of(ids, within=15)
        print(f"all ended {time.monotonic() - began:.2f} s after the start of the new process")
        await check_watcher(cluster, watcher, ids)
    errors = await check_histories(cluster, ids)
    assert set(errors) == {"WorkerLost"}
    check_logs(cluster)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
async def test_stopped_it_lets_what_runs_end_and_keeps_the_rest(cluster: Cluster, number: signal.Signals) -> None:
    async with watching(cluster.url) as watcher:
        ids = await pile_up(cluster, 20, 0.5)
        await watcher.see_the_end_of(ids[:1], within=10)
        cluster.api.signal(number)
        assert await cluster.api.exit_code() == 0
        rows = await cluster.rows(ids)
        assert {row.status.value for row in rows.values()} == {"PENDING", "DONE"}
        await cluster.start_up()
        await watcher.see_the_end_of(ids, within=15)
        await check_watcher(cluster, watcher, ids)
    assert await check_histories(cluster, ids) == {}
    check_logs(cluster)


async def test_an_impatient_second_signal_ends_it_at_once(cluster: Cluster) -> None:
    async with watching(cluster.url) as watcher:
        [task_id] = await pile_up(cluster, 1, 20)
        await watcher.see_the_start_of([task_id], within=10)
        cluster.api.signal(signal.SIGTERM)
        await cluster.api.says(lambda line: line.get("event") == "worker stopping")
        cluster.api.signal(signal.SIGTERM)
        assert await cluster.api.exit_code(within=5) == 128 + signal.SIGTERM
