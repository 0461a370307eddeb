"""Messages of a group of queues on their way to slots: no more in hand than its slots can use within a second."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from taskflow.infra.broker import Consumer
from taskflow.worker.executor import Executor
from taskflow.worker.pauses import Pauses
from taskflow.worker.slots import AHEAD, Slots

TICK: Final = timedelta(seconds=0.1)
FULL: Final = timedelta(seconds=0.5)
"""How long no slot may be free before what is in hand goes back, for another worker."""

IDLE: Final = timedelta(seconds=5)
"""How long few tasks may end before no more messages are asked for than there are slots."""


@dataclass(slots=True)
class Intake:
    consumer: Consumer
    slots: Slots
    executor: Executor
    pauses: Pauses

    async def take_in(self) -> None:
        """Start deliveries as slots can use them, until the consumer has stopped."""
        deliveries = aiter(self.consumer)
        while True:
            await self.slots.wanted()
            try:
                delivery = await anext(deliveries)
            except StopAsyncIteration:
                return
            self.executor.start(delivery, self.slots)

    async def regulate(self) -> None:
        """Have the broker send what the slots can use, for ever: nothing while all are taken for long, sets of messages
        while they turn over fast. Never anything of a queue that is paused.
        """
        slots, window, wide_at, left_out = self.slots, 0, 0.0, frozenset[str]()
        while not self.executor.stopping:
            slots.notify()  # how many may be claimed ahead depends on the time
            if slots.full_for >= FULL.total_seconds():
                await self.consumer.want(0)
                await slots.until_free()
                window = 0
            usable = slots.count + AHEAD if slots.ahead >= slots.count else max(slots.free, 1)
            if usable > slots.count:
                wide_at = time.monotonic()
            is_too_wide = window > slots.count and time.monotonic() - wide_at > IDLE.total_seconds()
            is_changed = usable > window or is_too_wide or left_out != self.pauses.queues
            if is_changed and not self.executor.stopping:
                window, left_out = max(usable, 1), self.pauses.queues
                await self.consumer.want(window, without=left_out)
            await asyncio.sleep(TICK.total_seconds())
