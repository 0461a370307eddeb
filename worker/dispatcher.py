"""The loop over `dispatch_at`, in every worker, safe in any number: what has fallen due goes to the broker."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final

import structlog

from taskflow.db import dispatch
from taskflow.db.errors import StoreUnavailable
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.titles import read_titles
from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.events.handover import announce, dead_letter, publish
from taskflow.infra.resources import Resources
from taskflow.worker.pauses import Pauses
from taskflow.worker.rescue import AT_A_TIME, rescue_lost

logger = structlog.get_logger("taskflow.dispatcher")

LONGEST_SLEEP: Final = 1.0
LOOK_FOR_LOST: Final = timedelta(seconds=10)
READ_TITLES: Final = timedelta(seconds=1)
"""How often rows that other programs have inserted are made known to searches."""
UNTOUCHED_FOR: Final = timedelta(seconds=1)
"""How long a row must have been left alone before a broker that came back empty is taken to have lost its message."""

OVERTAKEN: Final = timedelta(seconds=10)
"""How much later than another a message may come out of a queue that was handed over before it."""
HUNG: Final = timedelta(seconds=2)
"""A round that takes so long has waited for a database that hangs."""
SETTLING: Final = timedelta(seconds=3)
"""How long a new dispatcher takes nobody for lost: the database may be back only just, and heartbeats with it."""


class Dispatcher:
    """`came_in_turn` tells for a queue the creation of the latest message that came out of it in its turn: what was
    handed over before that has come too, or is lost. Nothing comes out of a queue that is paused: there, only one that
    is empty has lost what it was handed.
    """

    def __init__(self, resources: Resources, came_in_turn: dict[str, datetime], pauses: Pauses) -> None:
        self._resources = resources
        self._came_in_turn = came_in_turn
        self._pauses = pauses
        self._generation: int | None = None
        self._suspected: dict[str, datetime] = {}
        self._look_at = resources.clock.now()
        self._trusted_from = time.monotonic() + min(SETTLING, resources.settings.worker_lease / 3).total_seconds()
        self._read_titles_at = self._look_at

    async def run(self) -> None:
        """For ever. Sleeps until the next row falls due, at most a second."""
        while True:
            began = time.monotonic()
            try:
                delay = await self.run_once()
            except StoreUnavailable:
                self._distrust()
                delay = LONGEST_SLEEP
            except BrokerUnavailable:
                self._distrust()
                delay = LONGEST_SLEEP / 4
            if time.monotonic() - began > HUNG.total_seconds():
                self._distrust()
            self._resources.liveness.note("dispatcher")
            await asyncio.sleep(delay)

    def _distrust(self) -> None:
        """The database was away or hung, or was not asked while the broker was away: so it may have been for the
        heartbeats of healthy workers. They come first.
        """
        self._trusted_from = time.monotonic() + self._resources.settings.worker_lease.total_seconds()

    async def run_once(self) -> float:
        """Hand over what is due; seconds until there is more. Raises StoreUnavailable, BrokerUnavailable."""
        now = self._resources.clock.now()  # before anything that may hang: who is lost by now was lost before
        await self._recover_lost(now)
        if now >= self._read_titles_at and not await read_titles(self._resources.engine):
            self._read_titles_at = now + READ_TITLES
        await self._resources.broker.ping()  # rows are left alone while it is away: none can be handed over
        more_lost = time.monotonic() >= self._trusted_from and await rescue_lost(self._resources, now)
        if await self._hand_over(now) or more_lost:
            return 0
        due = await dispatch.next_due(self._resources.engine)
        if due is None:
            return LONGEST_SLEEP
        return min(max((due - self._resources.clock.now()).total_seconds(), 0.001), LONGEST_SLEEP)

    async def _hand_over(self, now: datetime) -> bool:
        """Whether there may be more at once."""
        resources = self._resources
        rows, recorded = await dispatch.take_due(resources.engine, now=now, limit=AT_A_TIME)
        announce(resources.bus, recorded)
        pending = [task for task in rows if task.status is TaskStatus.PENDING]
        failed = [task for task in rows if task.status is TaskStatus.FAILED]
        if pending:
            taken = await publish(resources, pending)
            logger.info("due tasks published", count=taken)
        if failed:
            await dead_letter(resources, failed)
        return len(rows) == AT_A_TIME

    async def _recover_lost(self, now: datetime) -> None:
        """Every ten seconds; and once a second after the broker was away, until its queue was seen empty.

        Whatever was published before it came back, it may have lost; what comes in at once afterwards hides that.
        """
        settings, broker = self._resources.settings, self._resources.broker
        if broker.generation != self._generation:
            self._generation = broker.generation
            self._suspected = dict.fromkeys(settings.worker_queues, now + UNTOUCHED_FOR)
            self._look_at = now
        if now < self._look_at:
            return
        for queue in self._pauses.queues:
            self._came_in_turn.pop(queue, None)
        for queue in settings.worker_queues:
            suspected_until = self._suspected.get(queue)
            if await broker.depth(queue) == 0:
                await self._recover_queue(
                    queue, now - (UNTOUCHED_FOR if suspected_until else settings.worker_republish_after)
                )
                if suspected_until and now > suspected_until:
                    del self._suspected[queue]
            elif came := self._came_in_turn.get(queue):
                await self._recover_queue(queue, min(came - OVERTAKEN, now - settings.worker_republish_after))
        self._look_at = now + (
            UNTOUCHED_FOR if self._suspected else min(LOOK_FOR_LOST, settings.worker_republish_after)
        )

    async def _recover_queue(self, queue: str, untouched_since: datetime) -> None:
        found = 0
        while some := await dispatch.make_due_again(
            self._resources.engine,
            queue=queue,
            now=self._resources.clock.now(),
            untouched_since=untouched_since,
            limit=AT_A_TIME,
        ):
            found += some
        if found:
            logger.warning("the broker lost messages: publishing again", queue=queue, count=found)
