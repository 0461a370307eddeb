"""`worker --drain`: works until nothing is left or due, then exits 0; what waits for a later date is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.cluster import Cluster

pytestmark = [pytest.mark.services, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


async def test_it_works_until_nothing_is_left_and_leaves_what_is_not_due(cluster: Cluster) -> None:
    for worker in cluster.workers:
        await worker.kill()
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    ids = await cluster.client.create_many([{"kind": "echo", "payload": {"n": n}} for n in range(50)])
    ids += await cluster.client.create_many([{"kind": "stumble", "payload": {"failures": 2}}] * 3)
    [waiting] = await cluster.client.create_many([{"kind": "echo", "runAt": later}])
    draining = await cluster.start_program("drain", {}, "worker", "--drain")
    assert await draining.exit_code(within=60) == 0
    rows = await cluster.rows([*ids, waiting])
    assert {rows[one].status.value for one in ids} == {"DONE"}
    assert rows[waiting].status.value == "PENDING"


async def test_with_nothing_to_do_it_ends_at_once(cluster: Cluster) -> None:
    draining = await cluster.start_program("drain", {}, "worker", "--drain")
    assert await draining.exit_code(within=30) == 0
    assert any(line.get("event") == "nothing is left to do" for line in draining.lines())
