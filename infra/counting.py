"""Counts mutations by the second: in Redis for all processes, in memory where there is none or it does not answer.

Redis that is away, slow or refuses us refuses no work: each process then counts by itself, and asks again after AGAIN.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from taskflow.infra.errors import RateLimited
from taskflow.infra.redis_client import AWAY, open_client

logger = logging.getLogger("taskflow.rate")

ANSWER: Final = timedelta(seconds=0.5)
"""What Redis may take: a mutation waits for it."""
AGAIN: Final = timedelta(seconds=5)
CONNECTIONS: Final = 20
"""What is asked at once, each on a connection of its own; the others wait, and count for themselves after ANSWER."""
PREFIX: Final = "taskflow:rate"
"""Of its keys in Redis, each of which lives for a second."""


class Counted:
    """In `shared` while that answers, else in memory."""

    def __init__(self, limit: int, shared: Storage | None = None, *, connections: int = CONNECTIONS) -> None:
        self._limit = RateLimitItemPerSecond(limit)
        self._shared = FixedWindowRateLimiter(shared) if shared else None
        self._asking = asyncio.Semaphore(connections)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._away_until: float | None = None

    async def take(self, caller: str, count: int = 1) -> None:
        cost = min(count, self._limit.amount)  # what is more than a second's is a second's: it could never be
        taken = await self._take_shared(caller, cost)
        if taken is None:
            taken = await self._own.hit(self._limit, caller, cost=cost)
        if not taken:
            raise RateLimited(self._limit.amount)

    async def _take_shared(self, caller: str, cost: int) -> bool | None:
        """None when Redis does not say."""
        clock = asyncio.get_running_loop().time
        if self._shared is None or (self._away_until is not None and clock() < self._away_until):
            return None
        try:
            async with asyncio.timeout(ANSWER.total_seconds()), self._asking:
                taken = await self._shared.hit(self._limit, caller, cost=cost)
        except AWAY as error:
            if self._away_until is None:
                logger.warning("Redis counts no mutations, so each process counts by itself: %s", error or "no answer")
            self._away_until = clock() + AGAIN.total_seconds()
            return None
        if self._away_until is not None:
            logger.warning("Redis counts mutations again")
            self._away_until = None
        return taken


@asynccontextmanager
async def open_counted(url: str, limit: int) -> AsyncIterator[Counted]:
    """In the Redis that `url` names, which is not asked for anything until something is counted."""
    async with open_client(url, answer=ANSWER) as client:
        pool = client.connection_pool
        options: dict[str, Any] = {"connection_pool": pool}
        shared = RedisStorage("async+redis://", implementation="redispy", key_prefix=PREFIX, **options)
        yield Counted(limit, shared, connections=min(CONNECTIONS, pool.max_connections))
