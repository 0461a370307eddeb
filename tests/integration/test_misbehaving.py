"""A handler that blocks, forks, or does not stop costs its own task at most: never its neighbours, nor the worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.api import watching
from tests.integration.cluster import Cluster, embedded

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    """One process, with a lease that a test can see outlived."""
    settings = {"WORKER_LEASE": "1.5", "WORKER_SHUTDOWN_TIMEOUT": "0.2", "WORKER_PREFETCH": "4"}
    async with embedded(folder, WORKER_HANDLERS="tests.integration.misbehaving", **settings) as cluster:
        yield cluster


async def run(cluster: Cluster, *wanted: tuple[str, dict[str, Any]]) -> list[Any]:
    """The rows of these tasks once all have ended."""
    async with watching(cluster.url) as watcher:
        ids = [await cluster.client.create(kind=kind, payload=payload) for kind, payload in wanted]
        await watcher.see_the_end_of(ids, within=40)
    rows = await cluster.rows(ids)
    return [rows[one] for one in ids]


async def test_a_handler_may_fork(cluster: Cluster) -> None:
    wanted = [("pool", {}), ("executor", {}), ("fork", {}), ("neighbour", {"seconds": 1.0}), ("pool", {})]
    ended = await run(cluster, *wanted)
    assert [row.status for row in ended] == ["DONE"] * 5
    assert [row.result for row in ended] == [[1, 2, 3], [1, 2, 3], signal.SIGTERM, "well", [1, 2, 3]]
    assert {row.attempt for row in ended} == {1}


async def test_a_blocked_loop_loses_no_lease_and_is_named(cluster: Cluster) -> None:
    ended = await run(cluster, ("neighbour", {"seconds": 0.5}), ("blocks", {"seconds": 4.0}))
    assert [(row.status, row.attempt) for row in ended] == [("DONE", 1), ("DONE", 1)]
    [program] = cluster.programs
    line = await program.says(lambda line: line["event"] == "the event loop was blocked")
    assert line["kind"] == "blocks"
    assert line["seconds"] >= 3


async def test_the_next_attempt_waits_for_a_thread_that_goes_on(cluster: Cluster) -> None:
    began = time.monotonic()
    [ended] = await run(cluster, ("overstays", {"seconds": 2.0}))
    assert (ended.status, ended.attempt) == ("FAILED", 2)
    assert ended.error["type"] == "TimeoutError"
    assert time.monotonic() - began > 2  # the first thread's whole time, and the beginning of the second's
    [program] = cluster.programs
    assert await program.says(lambda line: line["event"].startswith("handler goes on after its end"))


async def test_a_handler_may_change_the_directory(cluster: Cluster) -> None:
    assert [row.result for row in await run(cluster, ("moves", {}))] == ["/"]
    ended = await run(cluster, *[("neighbour", {"seconds": 0.01})] * 20)
    assert {row.status for row in ended} == {"DONE"}


async def test_a_child_that_outlives_the_process_keeps_neither_its_port_nor_its_stop(cluster: Cluster) -> None:
    [program] = cluster.programs
    ended, _ = await run(cluster, ("orphan", {}), ("threads", {}))
    try:
        staying = await cluster.client.create(kind="stays", payload={})
        await program.says(lambda line: line.get("task_id") == staying and line["event"] == "attempt started")
        program.signal(signal.SIGTERM)
        await program.says(lambda line: line["event"] == "worker stopped", within=15)
        stopped = time.monotonic()
        assert await program.exit_code(within=15) == 0
        assert time.monotonic() - stopped < 2.5
        row = (await cluster.rows([staying]))[staying]
        assert (row.status, row.attempt) == ("PENDING", 0)
        await cluster.start_up()
    finally:
        os.kill(ended.result, signal.SIGKILL)
