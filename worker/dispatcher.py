"""The loop over `dispatch_at`, in every worker, safe in any number: what has fallen due goes to the broker."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from taskflow.db import dispatch
from taskflow.db.errors import StoreUnavailable
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.titles import read_titles
from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.events.handover import dead_letter, publish
from taskflow.infra.resources import Resources
from taskflow.worker.rescue import AT_A_TIME, rescue_lost

logger = structlog.get_logger("taskflow.dispatcher")

LONGEST_SLEEP: Final = 1.0
LOOK_FOR_LOST: Final = timedelta(seconds=10)
READ_TITLES: Final = timedelta(seconds=1)
"""How often rows that other programs have inserted are made known to searches."""
UNTOUCHED_FOR: Final = timedelta(seconds=1)
"""How long a row must have been left alone before a broker that came back empty is taken to have lost its message."""


class Dispatcher:
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._generation: int | None = None
        self._suspected: dict[str, datetime] = {}
        self._look_at = datetime.now(UTC)
        self._read_titles_at = self._look_at

    async def run(self) -> None:
        """For ever. Sleeps until the next row falls due, at most a second."""
        while True:
            try:
                delay = await self.run_once()
                self._show_life()
            except StoreUnavailable:
                delay = LONGEST_SLEEP
            except BrokerUnavailable:
                delay = LONGEST_SLEEP / 4
            except Exception:  # without this loop nothing would ever be retried or recovered
                logger.exception("the dispatcher failed")
                delay = LONGEST_SLEEP
            await asyncio.sleep(delay)

    def _show_life(self) -> None:
        """For a health check that has no port to ask: this loop runs, and database and broker answer."""
        if path := self._resources.settings.worker_heartbeat_file:
            path.touch()

    async def run_once(self) -> float:
        """Hand over what is due; seconds until there is more. Raises StoreUnavailable, BrokerUnavailable."""
        await self._recover_lost()
        now = datetime.now(UTC)
        if now >= self._read_titles_at and not await read_titles(self._resources.engine):
            self._read_titles_at = now + READ_TITLES
        await self._resources.broker.ping()  # rows are left alone while it is away: none can be handed over
        more_lost = await rescue_lost(self._resources, now)
        if await self._hand_over(now) or more_lost:
            return 0
        due = await dispatch.next_due(self._resources.engine)
        if due is None:
            return LONGEST_SLEEP
        return min(max((due - datetime.now(UTC)).total_seconds(), 0.001), LONGEST_SLEEP)

    async def _hand_over(self, now: datetime) -> bool:
        """Whether there may be more at once."""
        resources = self._resources
        rows = await dispatch.take_due(resources.engine, now=now, limit=AT_A_TIME)
        pending = [task for task in rows if task.status is TaskStatus.PENDING]
        failed = [task for task in rows if task.status is TaskStatus.FAILED]
        if pending:
            taken = await publish(resources, pending)
            logger.info("due tasks published", count=taken)
        if failed:
            await dead_letter(resources, failed)
        return len(rows) == AT_A_TIME

    async def _recover_lost(self) -> None:
        """Every ten seconds; and once a second after the broker was away, until its queue was seen empty.

        Whatever was published before it came back, it may have lost; what comes in at once afterwards hides that.
        """
        settings, broker = self._resources.settings, self._resources.broker
        now = datetime.now(UTC)
        if broker.generation != self._generation:
            self._generation = broker.generation
            self._suspected = dict.fromkeys(settings.worker_queues, now + UNTOUCHED_FOR)
            self._look_at = now
        if now < self._look_at:
            return
        for queue in settings.worker_queues:
            suspected_until = self._suspected.get(queue)
            if await broker.depth(queue) == 0:
                await self._recover_queue(
                    queue, now, UNTOUCHED_FOR if suspected_until else settings.worker_republish_after
                )
                if suspected_until and now > suspected_until:
                    del self._suspected[queue]
        self._look_at = now + (
            UNTOUCHED_FOR if self._suspected else min(LOOK_FOR_LOST, settings.worker_republish_after)
        )

    async def _recover_queue(self, queue: str, now: datetime, older_than: timedelta) -> None:
        found = 0
        while some := await dispatch.make_due_again(
            self._resources.engine, queue=queue, now=now, older_than=older_than, limit=AT_A_TIME
        ):
            found += some
        if found:
            logger.warning("the broker lost messages: publishing again", queue=queue, count=found)
