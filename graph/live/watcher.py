"""What one subscriber has still to read: a bounded queue of news, and where it stopped taking more. No I/O."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Final, Self

from taskflow.db.errors import TaskFlowError
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent
from taskflow.graph.live.ledger import Ledger
from taskflow.infra.events.status import encode

BUFFER: Final = 1000
"""The most news that wait in memory for one subscriber."""
PATIENCE: Final = timedelta(seconds=10)
"""How long a full queue may stay untouched before its subscriber is given up."""
READ_AT_A_TIME: Final = 50


class Lagged(TaskFlowError):
    """A subscriber took nothing for PATIENCE, although its queue was full."""

    def __str__(self) -> str:
        return "This subscriber reads too slowly. Subscribe again, with `after` the last event's id."


class Behind(Exception):
    """The queue overflowed and is read to its end: what came after the ledger's `position` is in the database."""

    def __init__(self, position: int) -> None:
        self.position = position


@dataclass(eq=False)
class News:
    """One event as every watcher gets it: as data, as the text of a frame, and as the schema shows it."""

    event: StatusEvent
    shown: Any = None
    is_found: bool = False
    """Whether it was read from the database, as what the bus does not bring is."""
    since: float = field(default_factory=time.monotonic)

    @cached_property
    def text(self) -> str:
        return encode(self.event).decode()

    @classmethod
    def recorded(cls, event: StatusEvent) -> Self:
        """As it was when it was recorded: the row's progress belongs to what came later, unless this is its end."""
        return cls(event if event.status is TaskStatus.DONE else replace(event, progress=None), is_found=True)


class Watcher:
    """One subscriber's queue: news in order. Raises Behind once it overflowed, Lagged when nobody reads it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._news: deque[News] = deque()
        self._changed = asyncio.Event()
        self._taken = 0
        self._behind_since: int | None = None
        self._full_since: float | None = None
        self._lagged = False

    def put(self, news: News, position: int) -> None:
        """Nothing more once something had to be left out: `position` is the ledger's before it."""
        if self._behind_since is None and len(self._news) < BUFFER:
            self._news.append(news)
        elif self._news:
            self._leave_out(position)
        self._changed.set()

    def _leave_out(self, position: int) -> None:
        now = time.monotonic()
        if self._behind_since is None:
            self._behind_since = position
        self._full_since = self._full_since or now
        self._lagged = self._lagged or now - self._full_since > PATIENCE.total_seconds()

    def skip(self, position: int) -> None:
        """It is told by others what came up to `position`, and needs no queue meanwhile."""
        self._news.clear()
        self._behind_since = position

    def restart(self) -> None:
        """It is told by others what it has not got so far; what comes from here on is for the queue."""
        self._news.clear()
        self._behind_since = self._full_since = None

    def lag(self) -> float:
        """Seconds for which the oldest news that waits here has waited. Any thread may ask."""
        try:
            return time.monotonic() - self._news[0].since
        except IndexError:
            return 0.0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> News:
        while not self._news:
            if self._lagged:
                raise Lagged
            if self._behind_since is not None:
                raise Behind(self._behind_since)
            self._changed.clear()
            await self._changed.wait()
        self._full_since = None
        self._taken += 1
        if self._taken % READ_AT_A_TIME == 0:
            await asyncio.sleep(0)  # nobody has the loop for a whole queue
        return self._news.popleft()
