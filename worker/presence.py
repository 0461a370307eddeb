"""What a worker says of itself for the list of workers, from the heartbeats' thread. No failure here is any other's."""

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import workers
from taskflow.db.errors import StoreUnavailable
from taskflow.db.workers import Kind, Worker
from taskflow.infra.background import is_set_within
from taskflow.infra.resources import Resources
from taskflow.worker.registry import Registry
from taskflow.worker.slots import Slots

logger = structlog.get_logger("taskflow.worker")

SAID_EVERY: Final = timedelta(seconds=3)
"""The longest that a row is left as it is; no longer than a lease."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
FORGET_EVERY: Final = timedelta(hours=1)
LONGEST_HOST: Final = 255


class Presence:
    """One worker's row. Made in the worker's loop; everything but `is_stopping` then belongs to the heartbeats'."""

    def __init__(self, resources: Resources, registry: Registry, slots: Sequence[Slots], worker_id: str) -> None:
        self._resources = resources
        self._registry = registry
        self._slots = slots
        self._id = worker_id
        self._started_at = resources.clock.now()
        self._changed = asyncio.Event()
        self._are_kinds_noted = False
        self._fails = False
        self._forget_at = 0.0
        self.is_stopping = False
        self._has_ended = False

    def note_change(self) -> None:
        """The row is written at once."""
        self._changed.set()

    def end(self) -> None:
        """`keep` deletes the row and returns."""
        self._has_ended = True
        self._changed.set()

    async def keep(self, engine: AsyncEngine) -> None:
        interval = min(SAID_EVERY, self._resources.settings.worker_lease).total_seconds()
        while not self._has_ended:
            self._changed.clear()
            await self._try(engine)
            await is_set_within(self._changed, interval)
        await self._try(engine)

    async def _try(self, engine: AsyncEngine) -> None:
        """A database that is away, or has no such tables, is told of once."""
        try:
            if self._has_ended:
                await workers.forget(engine, [self._id])
            else:
                await self._say(engine)
            self._fails = False
        except (StoreUnavailable, sa.exc.DBAPIError) as error:
            if not self._fails:
                logger.warning("this worker is not on the list of workers for now", reason=str(error))
            self._fails = True

    async def _say(self, engine: AsyncEngine) -> None:
        now = self._resources.clock.now()
        if not self._are_kinds_noted:
            await workers.note_kinds(
                engine, [Kind(*self._registry.described(name), now) for name in self._registry.kinds]
            )
            self._are_kinds_noted = True
        await workers.register(
            engine,
            Worker(
                id=self._id,
                host=socket.gethostname()[:LONGEST_HOST],
                pid=os.getpid(),
                version=version("taskflow-server"),
                kinds=self._registry.kinds,
                queues=[*self._resources.settings.worker_queues],
                slots=sum(one.count for one in self._slots),
                running=sum(one.count - one.free for one in self._slots),
                started_at=self._started_at,
                seen_at=now,
                is_stopping=self.is_stopping,
            ),
        )
        if time.monotonic() >= self._forget_at:
            await workers.forget(engine, await workers.unheard_since(engine, now - FORGOTTEN_AFTER))
            self._forget_at = time.monotonic() + FORGET_EVERY.total_seconds()
