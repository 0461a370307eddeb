"""What a task costs: memory at rest and after many, and the time from its creation to its end as a watcher sees it.

The figures are printed; what is asserted are bounds that hold on a machine that does much else. It takes a machine for
itself, so it has no part in `make test`: `make bench` runs it.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from tests.contracts.waiting import eventually
from tests.integration.api import watching
from tests.integration.cluster import Cluster, embedded

pytestmark = [pytest.mark.services, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

MEGABYTE = 1 << 20
AT_REST = 120 * MEGABYTE
GROWTH = 25 * MEGABYTE
"""What the API may keep of 20,000 tasks for those who watch, with some air in the heap."""
WARM = 4_000
MANY = 20_000
LONGEST = 20.0
"""Seconds for the many: a slow machine runs fewer."""
IN_FLIGHT = 2_000


@pytest.fixture(autouse=True)
def show_logs() -> None:
    """None: what is printed is the figures."""


async def run_many(cluster: Cluster, count: int) -> tuple[int, float]:
    """How many were run, of `count` at most, and how many a second."""
    began, before, created = time.monotonic(), await done(cluster), 0
    while created < count and time.monotonic() - began < LONGEST:
        if created - (await done(cluster) - before) < IN_FLIGHT:
            created += len(await cluster.client.create_many([{"payload": {"message": "one of many"}}] * 1000))

    async def all_are_done() -> bool:
        return await done(cluster) - before >= created

    await eventually(all_are_done, within=60)
    return created, created / (time.monotonic() - began)


async def done(cluster: Cluster) -> int:
    answer = await cluster.client.graphql("{ tasks(first: 1, filter: {statuses: [DONE]}) { totalCount } }")
    return int(answer["tasks"]["totalCount"])


async def test_memory_is_modest_and_does_not_grow_with_the_tasks(cluster: Cluster) -> None:
    """With a watcher, for whom the API keeps what it has seen."""
    programs = [cluster.api, *cluster.workers]
    at_rest = [program.memory() for program in programs]
    async with watching(cluster.url):
        await run_many(cluster, WARM)
        before = [program.memory() for program in programs]
        count, rate = await run_many(cluster, MANY)
        after = [program.memory() for program in programs]
    for when, figures in (("at rest", at_rest), (f"after {WARM}", before), (f"after {count} more", after)):
        print(f"resident {when}: {', '.join(f'{one / MEGABYTE:.0f} MB' for one in figures)}")
    print(f"{rate:.0f} tasks a second")
    assert max(at_rest) < AT_REST
    assert max(later - earlier for later, earlier in zip(after, before, strict=True)) < GROWTH


async def test_a_task_at_rest_takes_no_time_to_speak_of(cluster: Cluster) -> None:
    await check_latency(cluster, "on real services")


async def test_embedded_it_takes_even_less(folder: Path) -> None:
    async with embedded(folder) as cluster:
        await check_latency(cluster, "embedded")


async def check_latency(cluster: Cluster, where: str, count: int = 200) -> None:
    """One task after the other, each from before it is asked for until its end is heard of."""
    found: list[float] = []
    async with watching(cluster.url) as watcher:
        for _ in range(count):
            began = time.monotonic()
            task_id = await cluster.client.create(payload={"message": "quick"})
            await watcher.see_the_end_of([task_id], within=10)
            found.append(watcher.ended_at[task_id] - began)
    median, p99 = statistics.median(found), sorted(found)[count * 99 // 100]
    print(f"create to DONE seen, {where}: median {1000 * median:.1f} ms, p99 {1000 * p99:.1f} ms")
    assert median < 0.5
    assert p99 < 3
