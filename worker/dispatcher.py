"""The loop over `dispatch_at`, in every worker, safe in any number: what has fallen due goes to the broker."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from db import dispatch
from db.errors import StoreUnavailable
from db.lifecycle import TaskStatus
from infra.broker import BrokerUnavailable
from infra.resources import Resources
from worker.outbox import announce, dead_letter, publish

logger = structlog.get_logger("taskflow.dispatcher")

AT_A_TIME: Final = 500
LONGEST_SLEEP: Final = 1.0
LOOK_FOR_LOST: Final = timedelta(seconds=10)
SETTLED: Final = timedelta(seconds=1)
"""How long a row must have been left alone before a broker that came back empty is taken to have lost its message."""


class Dispatcher:
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._generation: int | None = None
        self._suspected: dict[str, datetime] = {}
        self._look_at = datetime.now(UTC)

    async def run(self) -> None:
        """Turn after turn, for ever. Sleeps until the next row falls due, at most a second."""
        while True:
            try:
                delay = await self.turn()
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
        """For a health check that has no port to ask: this loop turns, and database and broker answer."""
        if path := self._resources.settings.worker_heartbeat_file:
            path.touch()

    async def turn(self) -> float:
        """Hand over what is due; seconds until there is more. Raises StoreUnavailable, BrokerUnavailable."""
        await self._recover_lost()
        now = datetime.now(UTC)
        if await self._hand_over(now):
            return 0
        due = await dispatch.next_due(self._resources.engine)
        if due is None:
            return LONGEST_SLEEP
        return min(max((due - datetime.now(UTC)).total_seconds(), 0.001), LONGEST_SLEEP)

    async def _hand_over(self, now: datetime) -> bool:
        """Whether there may be more at once. Rows are left alone while the broker is away: none can be handed over."""
        resources = self._resources
        await resources.broker.ping()
        rows, recorded = await dispatch.due(
            resources.engine,
            now=now,
            limit=AT_A_TIME,
            jitter=random.random,
        )
        announce(resources.bus, recorded)
        for event in recorded:
            if event.message:
                logger.warning(event.message, task_id=event.task_id, kind=event.kind, status=event.status)
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
            self._suspected = dict.fromkeys(settings.worker_queues, now + SETTLED)
            self._look_at = now
        if now < self._look_at:
            return
        for queue in settings.worker_queues:
            suspected_until = self._suspected.get(queue)
            if await broker.depth(queue) == 0:
                await self._recover_queue(queue, now, SETTLED if suspected_until else settings.worker_republish_after)
                if suspected_until and now > suspected_until:
                    del self._suspected[queue]
        self._look_at = now + (SETTLED if self._suspected else min(LOOK_FOR_LOST, settings.worker_republish_after))

    async def _recover_queue(self, queue: str, now: datetime, older_than: timedelta) -> None:
        found = 0
        while some := await dispatch.recover_lost(
            self._resources.engine, queue=queue, now=now, older_than=older_than, limit=AT_A_TIME
        ):
            found += some
        if found:
            logger.warning("the broker lost messages: publishing again", queue=queue, count=found)
