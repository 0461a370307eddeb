"""Which queues are paused, as a worker knows it: the table is read twice a second."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.errors import StoreUnavailable
from taskflow.db.pauses import paused
from taskflow.infra.background import repeated

logger = structlog.get_logger("taskflow.worker")

LOOK_EVERY: Final = timedelta(seconds=0.5)


class Pauses:
    """`queues` are those that were paused when the table could be read last."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.queues: frozenset[str] = frozenset()

    async def look(self) -> None:
        """While the database is away, or has no such table, what was known holds."""
        try:
            found = frozenset(await paused(self._engine))
        except (StoreUnavailable, sa.exc.DBAPIError) as error:
            logger.debug("whether queues are paused can't be read", reason=str(error))
            return
        self.queues = found


@asynccontextmanager
async def open_pauses(engine: AsyncEngine) -> AsyncIterator[Pauses]:
    """Known from the start, before anything is taken, where the database answers."""
    pauses = Pauses(engine)
    async with repeated(pauses.look, every=LOOK_EVERY, name="paused queues"):
        yield pauses
