"""A value that many ask for and few may read: read by one at a time, and no more often than its cost allows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SHORTEST_REST: Final = 1.0
REST_PER_COST: Final = 20
"""What takes long is read less often: it may cost a twentieth of the time, no more."""


class Cached(Generic[T]):
    """What `read` gives, at most a second old, or twenty times as long as it took to read."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._good_until = 0.0

    async def get(self) -> T:
        """Raises what `read` does."""
        async with self._lock:
            if self._value is None or time.monotonic() >= self._good_until:
                began = time.monotonic()
                self._value = await self._read()
                ended = time.monotonic()
                self._good_until = ended + max(SHORTEST_REST, REST_PER_COST * (ended - began))
            return self._value

    def renew(self) -> None:
        """What was read before is no longer good: who asks next is told of a change that was made here."""
        self._good_until = 0.0
