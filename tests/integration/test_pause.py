"""A queue is paused over the API, on real services: workers stop within a second, and restarts change nothing of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest

from taskflow.infra.wire import parse_instant
from taskflow.worker.executor import SLOT_WAIT
from tests.contracts.waiting import eventually
from tests.integration.cluster import Cluster

pytestmark = [pytest.mark.services, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

PAUSE: Final = 'mutation { queue: pauseQueue(name: "default", reason: "a test") { pausedAt workers } }'
RESUME: Final = 'mutation { queue: resumeQueue(name: "default") { pausedAt } }'
QUEUES: Final = "{ queues { name waiting running workers oldestAt pausedAt pauseReason } }"
LATEST = timedelta(seconds=1) + SLOT_WAIT
"""After a pause: what was claimed within a second of it still begins, once it has a slot."""


async def default_queue(cluster: Cluster) -> dict[str, Any]:
    found = (await cluster.client.graphql(QUEUES))["queues"]
    return next(one for one in found if one["name"] == "default")


async def test_nothing_begins_a_second_after_the_pause_and_all_of_it_once_resumed(cluster: Cluster) -> None:
    ids = await cluster.client.create_many([{"kind": "nap", "payload": {"seconds": 0.1}}] * 600)

    async def is_under_way() -> bool:
        return len(cluster.journal()) > 50

    await eventually(is_under_way)
    paused = (await cluster.client.graphql(PAUSE))["queue"]

    async def nothing_runs() -> bool:
        queue = await default_queue(cluster)
        return bool(queue["running"] == 0 and queue["waiting"])

    await eventually(nothing_runs)
    rows = await cluster.rows(ids)
    latest = max(row.started_at for row in rows.values() if row.started_at)
    assert latest - parse_instant(paused["pausedAt"]) < LATEST
    begun = len(cluster.journal())
    assert begun < len(ids)
    assert {row.status.value for row in rows.values()} <= {"PENDING", "DONE"}

    await asyncio.gather(*(worker.kill() for worker in cluster.workers))
    await cluster.start_worker()
    queue = await default_queue(cluster)
    assert (queue["pausedAt"], queue["pauseReason"]) == (paused["pausedAt"], "a test")
    waiting = queue["waiting"]
    draining = await cluster.start_program("drain", {}, "worker", "--drain")
    assert await draining.exit_code(within=30) == 0
    await asyncio.sleep(2.5)  # longer than what is lost is left alone: WORKER_REPUBLISH_AFTER is 2 s
    queue = await default_queue(cluster)
    assert queue["waiting"] == waiting == len(ids) - len(cluster.journal())
    assert queue["oldestAt"]

    await cluster.client.graphql(RESUME)

    async def all_are_done() -> bool:
        return {row.status.value for row in (await cluster.rows(ids)).values()} == {"DONE"}

    await eventually(all_are_done, within=60)


async def test_workers_are_listed_and_gone_once_they_have_stopped(cluster: Cluster) -> None:
    async def listed() -> set[int]:
        return {one["pid"] for one in (await cluster.client.graphql("{ workers { pid } }"))["workers"]}

    worker = await cluster.start_worker()

    async def is_there() -> bool:
        return worker.pid in await listed()

    await eventually(is_there)
    worker.process.terminate()
    assert await worker.exit_code(within=30) == 0

    async def is_gone() -> bool:
        return worker.pid not in await listed()

    await eventually(is_gone, within=3)
