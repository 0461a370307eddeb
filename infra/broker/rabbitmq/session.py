"""What a consumer has on one channel: its deliveries not yet acknowledged, and the acknowledgements to be sent."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress

from aiormq.abc import AbstractChannel, DeliveredMessage

from taskflow.infra.broker.rabbitmq.link import BROKEN, logger, translated_errors
from taskflow.infra.broker.rabbitmq.transport import CLOSING, on_cancel


class Session:
    """One channel's deliveries, and their acknowledgements: those that gather while some are written go together."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.prefetch = 0
        self._consumers: dict[str, str] = {}
        self._queues: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._adjusting = asyncio.Lock()
        self._received = 0
        self._received_when_starved = -1
        self._unacknowledged: dict[int, None] = {}
        self._acknowledged: set[int] = set()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        on_cancel(channel, self._note_cancel)

    def consumes(self, queue: str) -> bool:
        return queue in self._consumers.values()

    def queue_of(self, consumer: str) -> str:
        """From which queue its deliveries come. The broker may send some before it has said that it begins."""
        return self._queues[consumer]

    async def want(self, prefetch: int, queues: Sequence[str]) -> None:
        """So many unacknowledged, for each of these queues. The broker takes a prefetch only for a new consumer."""
        async with self._adjusting:
            if prefetch == self.prefetch and [*queues] == [*self._consumers.values()]:
                return
            before, self._consumers, self.prefetch = self._consumers, {}, prefetch
            if queues:
                await self.channel.basic_qos(prefetch_count=prefetch)
            for queue in queues:
                consumer = f"{next(self._numbers)}"
                self._consumers[consumer] = self._queues[consumer] = queue
                await self.channel.basic_consume(queue, _never_called, consumer_tag=consumer)
            for consumer in before:
                await self.channel.basic_cancel(consumer)
                del self._queues[consumer]

    def note_received(self, tag: int) -> None:
        self._unacknowledged[tag] = None
        self._received += 1

    def is_starved(self, waiting: int) -> bool:
        """Whether, for the second time in a row, messages wait at the broker, there is room, and none has come."""
        starved = bool(self._consumers) and waiting > 0 and len(self._unacknowledged) < self.prefetch
        was_starved = self._received_when_starved == self._received
        self._received_when_starved = self._received if starved else -1
        return starved and was_starved

    def acknowledge(self, tag: int) -> None:
        if self.channel.is_closed:
            logger.debug("An acknowledgement came after its channel had closed; the message will be delivered again")
            return
        self._acknowledged.add(tag)
        self._wake.set()

    async def write_acknowledgements(self) -> None:
        """Until that fails, which ends the session: who acknowledges nothing would soon receive nothing."""
        try:
            with suppress(*BROKEN), translated_errors():
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    await self._acknowledge_all()
        finally:
            self.end("acknowledgements can't be sent")

    async def requeue(self, tags: Sequence[int]) -> None:
        """Have the broker take back what nobody has begun with."""
        for tag in tags:
            await self.channel.basic_nack(tag, wait=False)
            # Only now: while a tag is listed here, no acknowledgement of all up to a later one goes out before this.
            del self._unacknowledged[tag]

    async def close(self) -> None:
        """Write what is acknowledged, then close the channel: the broker takes the rest back. Never raises."""
        with suppress(*BROKEN):
            async with asyncio.timeout(CLOSING.total_seconds()):
                await self._acknowledge_all()
                await self.channel.close()

    async def _acknowledge_all(self) -> None:
        """One acknowledgement for the unbroken run from the oldest on, one for each of the others."""
        async with self._writing:
            last_of_run, others = self._take_acknowledged()
            if last_of_run:
                await self.channel.basic_ack(last_of_run, multiple=True, wait=False)
            for tag in others:
                await self.channel.basic_ack(tag, wait=False)

    def _take_acknowledged(self) -> tuple[int, set[int]]:
        last_of_run = 0
        while self._unacknowledged and (first := next(iter(self._unacknowledged))) in self._acknowledged:
            self._acknowledged.discard(first)
            del self._unacknowledged[first]
            last_of_run = first
        others, self._acknowledged = self._acknowledged, set()
        for tag in others:
            del self._unacknowledged[tag]
        return last_of_run, others

    def _note_cancel(self) -> None:
        self.end("the broker cancelled the consumer, as it does when the queue is deleted")

    def end(self, reason: str) -> None:
        """What is wrong with it: the link is dropped."""
        if not self.ended.done():
            self.ended.set_result(reason)


async def _never_called(message: DeliveredMessage) -> None:
    """The library wants a callback; it never sees a delivery."""
