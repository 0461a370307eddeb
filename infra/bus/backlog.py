"""What waits to be sent. Bounded in number and in age: old news is worth less than the memory that it takes. No I/O."""

import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice, takewhile
from typing import Final, NamedTuple

from taskflow.infra.tracing.current import current_traceparent

BACKLOG_LIMIT: Final = 10_000
BACKLOG_AGE: Final = timedelta(seconds=15)


class Outgoing(NamedTuple):
    """One message, when it was put in (seconds of the monotonic clock), and the span that it was put in from."""

    channel: str
    message: bytes
    at: float
    traceparent: str | None


class Backlog:
    """First in, first out. `dropped` counts what found no room or grew too old."""

    def __init__(self, limit: int = BACKLOG_LIMIT, age: timedelta = BACKLOG_AGE) -> None:
        self.dropped = 0
        self._limit = limit
        self._age = age.total_seconds()
        self._waiting: deque[Outgoing] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, channel: str, messages: Sequence[bytes]) -> None:
        now, traceparent = time.monotonic(), current_traceparent()
        self._waiting.extend(Outgoing(channel, message, now, traceparent) for message in messages)
        self._drop(len(self._waiting) - self._limit)

    def peek(self, count: int) -> list[Outgoing]:
        """The oldest `count`, which stay until `remove`: who fails to send them finds them here again."""
        too_old_before = time.monotonic() - self._age
        self._drop(sum(1 for _ in takewhile(lambda outgoing: outgoing.at < too_old_before, self._waiting)))
        return list(islice(self._waiting, count))

    def remove(self, sent: Sequence[Outgoing]) -> None:
        """Forget what was sent, as far as it is still here: some of it may have made room meanwhile."""
        for outgoing in sent:
            if self._waiting and self._waiting[0] is outgoing:
                self._waiting.popleft()

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
            self.dropped += 1
