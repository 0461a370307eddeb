"""The loop that deletes ended tasks older than TASK_RETENTION says: in every worker, safe in any number."""

import asyncio
import time
from datetime import datetime
from typing import Final

import structlog

from taskflow.db import retention
from taskflow.db.errors import StoreUnavailable
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.retention import Pruned
from taskflow.db.transaction import is_unavailable
from taskflow.infra.resources import Resources
from taskflow.infra.retention import longest

logger = structlog.get_logger("taskflow.retention")

LOOP: Final = "retention"
LOOK_EVERY: Final = 10.0
"""Seconds from a look at all that is due to the next one."""
REST: Final = 9
"""How many times as long as a set took nothing is done after it: a tenth of the time is spent, by all together."""
LONGEST_REST: Final = 5.0
"""Seconds."""
HELD: Final = 5.0
"""Seconds after which another process may take over. A connection that says nothing is closed by MySQL after 20."""
QUICK: Final = 0.02
SLOW: Final = 0.3
"""Seconds that a set takes, above which the next one is smaller; below QUICK it is larger."""
LEAST: Final = 64
MOST: Final = 512
LETTER: Final = "dead_letter"


class Retention:
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._size = LEAST

    async def run(self) -> None:
        """For ever; where nothing is to be deleted it returns at once."""
        ages = self._resources.settings.task_retention
        while ages:
            try:
                for status, age in ages.items():
                    await self._prune(status, self._resources.clock.now() - age)
                await self._prune_letters(self._resources.clock.now() - longest(ages))
            except Exception as error:
                if not isinstance(error, StoreUnavailable) and not is_unavailable(error):
                    raise
                logger.warning("nothing is deleted: the database is away")
            self._resources.liveness.note(LOOP)
            await asyncio.sleep(LOOK_EVERY)

    async def _prune(self, status: TaskStatus, before: datetime) -> None:
        """All of that status that ended before then, unless another process is at it."""
        engine, deleted, after = self._resources.engine, 0, None
        while True:
            async with retention.alone(engine) as is_ours:
                if not is_ours:
                    break
                pruned = await self._prune_for_a_while(status, before, after)
            deleted, after = deleted + pruned.deleted, pruned.after
            if after is None:
                break
        if deleted:
            logger.info("ended tasks deleted", status=status, count=deleted)

    async def _prune_for_a_while(self, status: TaskStatus, before: datetime, after: datetime | None) -> Pruned:
        """What the sets of HELD came to, each with its rest."""
        deleted, until = 0, time.monotonic() + HELD
        while True:
            began, limit = time.monotonic(), self._size
            pruned = await retention.prune(self._resources.engine, status, before=before, after=after, limit=limit)
            await self._rest(status, pruned.deleted, time.monotonic() - began)
            deleted, after = deleted + pruned.deleted, pruned.after
            if after is None or time.monotonic() >= until:
                return Pruned(deleted, after)

    async def _prune_letters(self, before: datetime) -> None:
        deleted = 0
        while True:
            began, limit = time.monotonic(), self._size
            some = await retention.prune_letters(self._resources.engine, before=before, limit=limit)
            deleted += some
            await self._rest(LETTER, some, time.monotonic() - began)
            if some < limit:
                break
        if deleted:
            logger.info("dead letters deleted", count=deleted)

    async def _rest(self, what: str, deleted: int, took: float) -> None:
        """Nine times as long as the work, which is smaller the next time where it took long."""
        self._resources.metrics.deleted(what, deleted, took)
        if took > SLOW:
            self._size = max(self._size // 2, LEAST)
        elif took < QUICK:
            self._size = min(self._size * 2, MOST)
        self._resources.liveness.note(LOOP)
        await asyncio.sleep(min(REST * took, LONGEST_REST))
