"""What time it is, as the database's clock has it: the one clock that all processes share.

Leases and dates are compared between processes, whose machines' clocks may be seconds apart, or set anew at any moment.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.errors import StoreUnavailable
from taskflow.db.transaction import read
from taskflow.db.types import UtcDateTime, current_instant
from taskflow.infra.background import repeated

logger = logging.getLogger("taskflow.db")

COMPARE_EVERY: Final = timedelta(seconds=10)
TOLERATED: Final = timedelta(milliseconds=50)
"""Clocks that are no further apart are left alone: a reading over a network is no better."""


class Clock:
    """Goes on by the monotonic clock, which nobody sets. Any thread may ask it."""

    def __init__(self, wall: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._wall = wall
        self._read: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """In UTC: this machine's, until it is compared with the database's."""
        if self._read is None:
            return self._wall()
        at, monotonic = self._read
        return at + timedelta(seconds=time.monotonic() - monotonic)

    async def compare(self, engine: AsyncEngine) -> None:
        """Follow the database's clock where it is another. Raises StoreUnavailable."""
        began = time.monotonic()
        [(theirs,)] = await read(engine, sa.select(sa.type_coerce(current_instant(), UtcDateTime())))
        ended = time.monotonic()
        taken = timedelta(seconds=ended - began)
        now = self.now()
        apart = theirs - (now - taken / 2)
        if abs(apart) <= TOLERATED + taken / 2:
            self._read = self._read or (now, ended)
            return
        logger.warning("the database's clock is %+.3f s from this process's, and holds", apart.total_seconds())
        self._read = now + apart, ended


@asynccontextmanager
async def open_clock(engine: AsyncEngine) -> AsyncIterator[Clock]:
    """Compared with the database's now and again while this is open."""
    clock = Clock()

    async def compare() -> None:
        with suppress(StoreUnavailable):  # `read` has logged it; the clock goes on
            await clock.compare(engine)

    async with repeated(compare, every=COMPARE_EVERY, name="clock"):
        yield clock
