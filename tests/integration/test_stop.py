"""SIGTERM and Ctrl-C: exit code 0, nothing in the log but what happened, and what had to be left is done elsewhere."""

from __future__ import annotations

import signal
import time

import pytest

from tests.contracts.waiting import eventually
from tests.integration.api import Watcher, watching
from tests.integration.checks import check_histories, check_logs, check_watcher
from tests.integration.cluster import Cluster
from tests.integration.load import pile_up
from tests.integration.program import free_port

pytestmark = [pytest.mark.services, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


async def test_a_worker_gives_back_what_it_has_no_time_for(cluster: Cluster, watcher: Watcher) -> None:
    """With one attempt each, so that an attempt that is counted in error would fail the task."""
    for worker in cluster.workers:
        await worker.kill()
    leaving = await cluster.start_worker(WORKER_SHUTDOWN_TIMEOUT="0.2", WORKER_PREFETCH="4")
    nap = {"kind": "nap", "payload": {"seconds": 2}, "maxAttempts": 1}
    ids = await cluster.client.create_many([nap] * 8)
    running = await started(cluster, ids, 4)
    leaving.signal(signal.SIGTERM)
    assert await leaving.exit_code(within=5) == 0
    await cluster.start_worker()
    await watcher.see_the_end_of(ids, within=15)
    assert await check_histories(cluster, ids) == {}
    assert {row.status.value for row in (await cluster.rows(ids)).values()} == {"DONE"}
    assert {row.attempt for row in (await cluster.rows(ids)).values()} == {1}
    starts = cluster.journal()
    assert sorted(starts.count((one, 1)) for one in ids) == [1, 1, 1, 1, 2, 2, 2, 2]
    given_back = [one for one, history in (await cluster.histories(ids)).items() if len(history) == 5]
    assert set(given_back) == running
    await check_watcher(cluster, watcher, ids)


async def started(cluster: Cluster, ids: list[str], count: int) -> set[str]:
    """Those that a handler was started for, once they are as many as that."""
    found: set[str] = set()

    async def are_started() -> bool:
        found.update(task_id for task_id, _ in cluster.journal() if task_id in ids)
        return len(found) >= count

    await eventually(are_started)
    return found


async def test_a_worker_lets_short_tasks_end(cluster: Cluster, watcher: Watcher) -> None:
    [worker] = cluster.workers
    ids = await pile_up(cluster, 8, 0.5)
    await started(cluster, ids, 1)
    worker.signal(signal.SIGINT)
    assert await worker.exit_code(within=10) == 0
    await cluster.start_worker()
    await watcher.see_the_end_of(ids, within=10)
    assert await check_histories(cluster, ids) == {}
    assert all(len(history) == 3 for history in (await cluster.histories(ids)).values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
async def test_an_api_sends_its_watchers_elsewhere(cluster: Cluster, number: signal.Signals) -> None:
    """A watcher that is connected must not hold it up."""
    api = await cluster.start_api(port=(port := free_port()))
    async with watching(f"http://127.0.0.1:{port}") as watcher:
        began = time.monotonic()
        api.signal(number)
        assert await api.exit_code(within=10) == 0
        assert time.monotonic() - began < 4
        assert watcher.connections


async def test_no_log_holds_a_traceback_after_all_that(cluster: Cluster) -> None:
    check_logs(cluster)
