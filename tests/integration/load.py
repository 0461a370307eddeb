"""A modest load: tasks of several kinds, created over REST by clients that insist on an answer, while faults happen."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.integration.api import Watcher, watching
from tests.integration.checks import check_histories, check_watcher
from tests.integration.cluster import Cluster

RATE: Final = 50
"""Tasks a second, for as long as the faults and their repairs take."""
AT_ONCE: Final = 50
"""How many may be under way: a load that runs ahead of a slow machine would tell of the machine."""
HANDS: Final = 8
"""Tasks that a worker runs at once."""
AROUND: Final = 50
"""How many are asked for before each fault, at least, and after it."""
PRELUDE: Final = 60.0
"""Seconds at most until so many are asked for, or have begun: a bound for a slow machine, nothing that is promised."""


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
    """How the tasks came through: how many there are of each kind, and how often each error was met."""

    kinds: Counter[str]
    errors: Counter[str]


async def pile_up(cluster: Cluster, count: int, seconds: float) -> list[str]:
    """More long tasks than there are hands, so that some run and others wait."""
    return await cluster.client.create_many([{"kind": "nap", "payload": {"seconds": seconds}}] * count)


@dataclass
class Load:
    """It goes on from one fault to the next, and rests while it tells what became of the tasks since the last."""

    cluster: Cluster
    watcher: Watcher
    _asked: list[asyncio.Task[str]] = field(default_factory=list)
    _unfinished: list[asyncio.Task[str]] = field(default_factory=list)
    _count: int = 0
    _resting: bool = False
    _over: bool = False

    async def run(self) -> None:
        """Until it is told to stop."""
        while not self._over:
            self._unfinished = [one for one in self._unfinished if not self._has_ended(one)]
            if len(self._unfinished) < AT_ONCE and not self._resting:
                self._ask()
            await asyncio.sleep(1 / RATE)

    def _has_ended(self, asking: asyncio.Task[str]) -> bool:
        """Or has failed, which the next account tells."""
        return asking.done() and (asking.exception() is not None or asking.result() in self.watcher.ended_at)

    def _ask(self) -> None:
        asking = self.cluster.client.insist(title=f"Task {self._count}", **sample(self._count))
        self._asked.append(asyncio.create_task(asking))
        self._unfinished.append(self._asked[-1])
        self._count += 1

    def stop(self) -> None:
        self._over = True

    async def abandon(self, running: asyncio.Task[None]) -> None:
        """With what is still asked for, after a test that failed."""
        for task in (left := [running, *self._asked]):
            task.cancel()
        await asyncio.wait(left)

    async def survive(
        self, fault: Callable[[], Awaitable[Any]], *, within: float, piled_up: int = 0, seconds: float = 1.0
    ) -> Outcome:
        """A fault in the midst: each task ends within `within` seconds after it and load, and every change was seen."""
        await self._goes_on()
        ids = await pile_up(self.cluster, piled_up, seconds) if piled_up else []
        if ids:
            everybody_has_one = HANDS * (len(self.cluster.workers) - 1) + 1
            await self.watcher.see_the_start_of(ids, everybody_has_one, within=PRELUDE)
        await fault()
        for _ in range(AROUND):
            self._ask()
            await asyncio.sleep(1 / RATE)
        return await self.account(ids, within=within)

    async def _goes_on(self) -> None:
        until = self._count + AROUND
        async with asyncio.timeout(PRELUDE):
            while self._count < until:  # noqa: ASYNC110 - the load has a pace of its own
                await asyncio.sleep(1 / RATE)

    async def account(self, ids: list[str], *, within: float) -> Outcome:
        """Of those, and of what was asked for since the last account: it was accepted, it ended, it was seen."""
        with self._at_rest():
            asked, self._asked = self._asked, []
            ids = ids + await asyncio.gather(*asked)
            over = time.monotonic()
            await self.watcher.see_the_end_of(ids, within=within)
            recovery = max([0.0, *(self.watcher.ended_at[one] - over for one in ids)])
            errors = await check_histories(self.cluster, ids)
            await check_watcher(self.cluster, self.watcher, ids)
        print(f"{len(ids)} tasks, the last ended {recovery:.2f} s later; failed attempts: {dict(errors)}")
        return Outcome(Counter(row.kind for row in (await self.cluster.rows(ids)).values()), errors)

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """What is lost of a queue is published again once the queue is empty; and a slow machine has enough to do."""
        self._resting = True
        try:
            yield
        finally:
            self._resting = False


@asynccontextmanager
async def loading(cluster: Cluster) -> AsyncIterator[Load]:
    async with watching(cluster.url) as watcher:
        load = Load(cluster, watcher)
        running = asyncio.create_task(load.run())
        try:
            yield load
        finally:
            await load.abandon(running)
