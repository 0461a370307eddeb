"""Figures of the whole system, counted at most once a second in a process, however many watch them."""

import logging
from dataclasses import dataclass

from taskflow.db import queries
from taskflow.db.lifecycle import TaskStatus
from taskflow.graph.figures.cached import Cached
from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.resources import Resources

logger = logging.getLogger("taskflow.stats")


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
        self._figures = Cached(self._read)
        self._depth = 0

    async def get(self) -> Figures:
        """Raises StoreUnavailable. While the broker is away, its last known depth."""
        return await self._figures.get()

    async def _read(self) -> Figures:
        return Figures(await queries.count_by_status(self._resources.engine), await self._queue_depth())

    async def _queue_depth(self) -> int:
        try:
            depths = [await self._resources.broker.depth(queue) for queue in self._resources.settings.worker_queues]
        except BrokerUnavailable:
            logger.warning("queue depth is not known: the broker is away")
            return self._depth
        self._depth = sum(depths)
        return self._depth
