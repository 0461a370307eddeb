"""Figures of the whole system, counted at most once a second in a process, however many watch them."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

from db import queries
from db.lifecycle import TaskStatus
from infra.broker import BrokerUnavailable
from infra.resources import Resources

logger = logging.getLogger("taskflow.stats")

SHORTEST_REST: Final = 1.0
REST_PER_COST: Final = 20
"""A count that takes long is made less often: it may cost a twentieth of the time, no more."""


@dataclass(frozen=True, slots=True)
class Figures:
    by_status: dict[TaskStatus, int]
    queue_depth: int

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


class StatsCache:
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._lock = asyncio.Lock()
        self._figures: Figures | None = None
        self._good_until = 0.0
        self._depth = 0

    async def get(self) -> Figures:
        """Raises StoreUnavailable. While the broker is away, its last known depth."""
        async with self._lock:
            if self._figures is None or time.monotonic() >= self._good_until:
                began = time.monotonic()
                self._figures = Figures(
                    await queries.count_by_status(self._resources.engine), await self._queue_depth()
                )
                ended = time.monotonic()
                self._good_until = ended + max(SHORTEST_REST, REST_PER_COST * (ended - began))
            return self._figures

    async def _queue_depth(self) -> int:
        try:
            depths = [await self._resources.broker.depth(queue) for queue in self._resources.settings.worker_queues]
        except BrokerUnavailable:
            logger.warning("queue depth is not known: the broker is away")
            return self._depth
        self._depth = sum(depths)
        return self._depth
