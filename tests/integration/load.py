"""A modest load: tasks of several kinds, created over both doors by clients that insist on an answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.integration.api import Watcher
from tests.integration.checks import check_histories, check_watcher
from tests.integration.cluster import Cluster

COUNT: Final = 300
RATE: Final = 100.0
"""Tasks a second: the load goes on for as long as a fault and its repair take."""


def sample(number: int) -> dict[str, Any]:
    match number % 10:
        case 0:
            return {"kind": "stumble", "payload": {"failures": 1}}
        case 1 | 2:
            return {"kind": "nap", "payload": {"seconds": 0.2}}
        case 3:
            return {"kind": "doze", "payload": {"seconds": 0.1}}
        case 4 | 5 | 6:
            return {"kind": "echo", "payload": {"number": number}}
        case _:
            return {"payload": {"message": f"message {number}"}}


@dataclass(frozen=True)
class Outcome:
    """How a load came through: `recovery` is in seconds, from the end of load and fault to the end of the last task."""

    ids: list[str]
    errors: Counter[str]
    recovery: float


async def create(cluster: Cluster, count: int = COUNT, rate: float = RATE) -> list[str]:
    """Accepted, every one."""
    began = time.monotonic()
    creating: list[asyncio.Task[str]] = []
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            creating.append(group.create_task(cluster.client.insist(title=f"Task {number}", **sample(number))))
    return [one.result() for one in creating]


async def pile_up(cluster: Cluster, count: int, seconds: float) -> list[str]:
    """More long tasks than there are hands, so that some run and others wait."""
    return await cluster.client.create_many([{"kind": "nap", "payload": {"seconds": seconds}}] * count)


async def survive(
    cluster: Cluster, watcher: Watcher, fault: Callable[[], Awaitable[Any]], *, within: float, piled_up: int = 0
) -> Outcome:
    """A fault in the midst of a load: every accepted task ends, within `within` seconds after it, and all was seen."""
    loading = asyncio.create_task(create(cluster))
    ids: list[str] = []
    if piled_up:
        ids = await pile_up(cluster, piled_up, 1.0)
        await watcher.see_the_start_of(ids, within=10)
    else:
        await asyncio.sleep(1)
    await fault()
    ids += await loading
    over = time.monotonic()
    await watcher.see_the_end_of(ids, within=within)
    recovery = max(0.0, max(watcher.ended_at[one] for one in ids) - over)
    errors = await check_histories(cluster, ids)
    await check_watcher(cluster, watcher, ids)
    print(f"recovered {recovery:.2f} s after load and fault; failed attempts: {dict(errors)}")
    return Outcome(ids, errors, recovery)
