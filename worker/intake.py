"""Messages of a group of queues on their way to slots: no more in hand than its slots can use within a second."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from taskflow.infra.broker import Consumer
from taskflow.worker.executor import Executor
from taskflow.worker.pauses import Pauses
from taskflow.worker.slots import AHEAD, LOOK_BACK, Slots

logger = structlog.get_logger("taskflow.worker")

TICK: Final = timedelta(seconds=0.1)
FULL: Final = timedelta(seconds=0.5)
"""How long no slot may be free before what is in hand goes back, for another worker."""

IDLE: Final = timedelta(seconds=1)
"""How long the slots may use less than half of what is in hand before the rest goes back."""


@dataclass(slots=True)
class Intake:
    consumer: Consumer
    slots: Slots
    executor: Executor
    pauses: Pauses
    queues: Sequence[str]

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
        slots, window, used_at, left_out = self.slots, 0, 0.0, frozenset[str]()
        while not self.executor.stopping:
            slots.notify()  # how many may be claimed ahead depends on the time
            if slots.full_for >= FULL.total_seconds():
                await self.consumer.want(0)
                await slots.until_free()
                window = 0
            usable = self._usable()
            if 2 * usable > window:
                used_at = time.monotonic()
            is_too_wide = time.monotonic() - used_at > IDLE.total_seconds()
            is_changed = usable > window or is_too_wide or left_out != self.pauses.queues
            if is_changed and not self.executor.stopping:
                before, window, left_out = left_out, usable, self.pauses.queues
                await self.consumer.want(window, without=left_out)
                self._say(before ^ left_out, left_out)
            await asyncio.sleep(TICK.total_seconds())

    def _usable(self) -> int:
        """How many messages the slots can use within a second, at the rate at which they turn over just now."""
        in_a_second = round(self.slots.ahead / LOOK_BACK)
        return min(max(self.slots.free, in_a_second, 1), self.slots.count + AHEAD)

    def _say(self, changed: Collection[str], paused: Collection[str]) -> None:
        for queue in self.queues:
            if queue in changed:
                logger.info("queue paused" if queue in paused else "queue resumed", queue=queue)
