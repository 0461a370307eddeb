"""Where messages wait for a subscription's reader. Bounded: a slow reader loses some, and GAP tells it so."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final, Self

from taskflow.infra.bus import GAP, Gap

MAILBOX_LIMIT: Final = 10_000


class Mailbox:
    """An iterator of what was put in, until `close`; one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[bytes | Gap] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes | Gap:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    def put(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            if len(self._waiting) >= self._limit:
                self._forget()
            self._waiting.append(message)
        self._changed.set()

    def mark_gap(self) -> None:
        if not self._waiting or self._waiting[-1] is not GAP:
            self._waiting.append(GAP)
        self._changed.set()

    def close(self) -> None:
        self._closed = True
        self._waiting.clear()
        self._changed.set()

    def _forget(self) -> None:
        """Drop the old, not the new: the newest is worth most, and after GAP the database is asked for the rest."""
        self._waiting.clear()
        self._waiting.append(GAP)
