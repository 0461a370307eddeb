"""Places for handlers: how many run at once, how far claims run ahead of them, and which of them are stuck. Pure but
for the clock; knows nothing of tasks.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

AHEAD: Final = 64
"""The most that is claimed beyond the slots: what a worker that dies takes along, though nothing of it had begun."""
LOOK_BACK: Final = 0.25
"""Seconds: claims run ahead by as many as have left their slot in that time, so that what is claimed starts soon."""


class Slots:
    """`count` handlers run at once. What is between its message and its slot is counted as `waiting`."""

    def __init__(self, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = count
        self.free = count
        self.waiting = 0
        self._clock = clock
        self._queue: deque[asyncio.Future[None]] = deque()
        self._left: deque[float] = deque(maxlen=AHEAD)
        self._full_since: float | None = None
        self._stuck: dict[object, float] = {}
        self._changed = asyncio.Event()

    @property
    def ahead(self) -> int:
        """How many may be claimed beyond the free slots: few while handlers take long, a whole set while they don't."""
        since = self._clock() - LOOK_BACK
        while self._left and self._left[0] < since:
            self._left.popleft()
        return len(self._left)

    @property
    def full_for(self) -> float:
        """Seconds since a slot last came free, or 0.0 while one is."""
        return 0.0 if self._full_since is None else self._clock() - self._full_since

    def stuck_for(self) -> float:
        """Seconds since every slot is held by a handler that goes on after its end; 0.0 while one is not."""
        return self._clock() - max(self._stuck.values()) if len(self._stuck) == self.count else 0.0

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Around the way from a message that was counted in `waiting` to its slot, or to nothing."""
        try:
            yield
        finally:
            self.waiting -= 1
            self.notify()

    async def wanted(self) -> None:
        """Return once another message can be used. Of as many as can be, half are used up before more are wanted: those
        that come together share their claim.
        """
        if self.waiting >= self._usable:
            while self.waiting > (self._usable - 1) // 2:
                await self._change()

    @property
    def _usable(self) -> int:
        return self.free + self.ahead

    async def until_free(self) -> None:
        while not self.free:
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def take(self, patience: timedelta) -> bool:
        """Whether there was one in time; first come, first served."""
        if self.free:
            self._occupy()
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give()  # it came together with what ended the wait
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def _occupy(self) -> None:
        self.free -= 1
        if not self.free:
            self._full_since = self._clock()

    def give(self) -> None:
        self._left.append(self._clock())
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                self._full_since = self._clock()
                break
        else:
            self.free += 1
            self._full_since = None
        self.notify()

    def notify(self) -> None:
        """Whoever waits looks again."""
        self._changed.set()

    def note_stuck(self, holder: object) -> None:
        self._stuck[holder] = self._clock()

    def note_ended(self, holder: object) -> None:
        self._stuck.pop(holder, None)

    @property
    def stuck(self) -> int:
        return len(self._stuck)
