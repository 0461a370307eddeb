"""The broker of an embedded process: the promises of `Broker`, kept inside one event loop. Never touches the network.

What it holds dies with the process; the database brings it back.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self

from taskflow.infra.broker import DeadLetter, Message

DEAD_LETTERS_KEPT: Final = 1_000


class MemoryDelivery:
    """One message in the hands of one consumer."""

    __slots__ = ("_consumer", "body", "is_redelivered", "queue")

    def __init__(self, body: bytes, queue: str, is_redelivered: bool, consumer: "MemoryConsumer") -> None:
        self.body = body
        self.queue = queue
        self.is_redelivered = is_redelivered
        self._consumer = consumer

    async def ack(self) -> None:
        self._consumer.acknowledge(self)


class MemoryConsumer:
    """Holds up to `prefetch` deliveries: those not yet iterated, and those iterated but not acknowledged.

    `queues` are in the order in which they are fed from: the one that gave the last message comes last.
    """

    def __init__(self, broker: "MemoryBroker", queues: Sequence[str], prefetch: int) -> None:
        self.queues = list(queues)
        self._broker = broker
        self._prefetch = prefetch
        self._waiting: deque[MemoryDelivery] = deque()
        self._unacknowledged: dict[MemoryDelivery, None] = {}
        self._changed = asyncio.Event()
        self._stopped = False
        self._without: frozenset[str] = frozenset()
        self.is_well = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MemoryDelivery:
        while not self._waiting:
            if self._stopped:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    def takes(self, queue: str) -> bool:
        """Whether a message of it may be delivered now."""
        is_wanted = queue in self.queues and queue not in self._without
        return is_wanted and not self._stopped and len(self._unacknowledged) < self._prefetch

    def deliver(self, body: bytes, queue: str, is_redelivered: bool) -> None:
        self.queues.remove(queue)
        self.queues.append(queue)
        delivery = MemoryDelivery(body, queue, is_redelivered, self)
        self._unacknowledged[delivery] = None
        self._waiting.append(delivery)
        self._changed.set()

    def acknowledge(self, delivery: MemoryDelivery) -> None:
        if delivery in self._unacknowledged:
            del self._unacknowledged[delivery]
            self._broker.feed(self.queues)

    async def want(self, prefetch: int, *, without: Collection[str] = ()) -> None:
        self._prefetch, self._without = prefetch, frozenset(without)
        self._give_back([delivery for delivery in self._waiting if delivery.queue in self._without])
        iterated = len(self._unacknowledged) - len(self._waiting)
        self._give_back([*self._waiting][max(prefetch - iterated, 0) :])
        self._broker.feed(self.queues)

    async def stop(self) -> None:
        self._stopped = True
        self._give_back([*self._waiting])
        self._changed.set()

    async def close(self) -> None:
        await self.stop()
        self._give_back(list(self._unacknowledged))

    def _give_back(self, deliveries: Sequence[MemoryDelivery]) -> None:
        for delivery in deliveries:
            del self._unacknowledged[delivery]
        self._waiting = deque(delivery for delivery in self._waiting if delivery in self._unacknowledged)
        self._broker.take_back(deliveries)


class MemoryBroker:
    """Queues of bodies, and the consumers that they are fed to in turn."""

    def __init__(self) -> None:
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self._ready: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._given_back: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._consumers: deque[MemoryConsumer] = deque()

    @property
    def generation(self) -> int:
        return 0

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        bodies = [(message.queue, message.encode()) for message in messages]
        for queue, body in bodies:
            self._ready[queue].append(body)
        self.feed(dict.fromkeys(queue for queue, _ in bodies))
        return [True] * len(bodies)

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        self.dead_letters.extend(letters)
        return [True] * len(letters)

    @asynccontextmanager
    async def consume(self, queues: Sequence[str], *, prefetch: int) -> AsyncIterator[MemoryConsumer]:
        consumer = MemoryConsumer(self, queues, prefetch)
        self._consumers.append(consumer)
        self.feed(consumer.queues)
        try:
            yield consumer
        finally:
            self._consumers.remove(consumer)
            await consumer.close()

    async def depth(self, queue: str) -> int:
        return sum(len(some[queue]) for some in (self._given_back, self._ready) if queue in some)

    async def ping(self) -> None:
        return

    def feed(self, queues: Iterable[str]) -> None:
        """Hand what is ready in `queues` to consumers with room, to each in turn, one message of a queue at a time."""
        ready = list(queues)
        while ready:
            ready = [queue for queue in ready if self._hand_out_one(queue)]

    def take_back(self, deliveries: Sequence[MemoryDelivery]) -> None:
        """Make them ready again, before what is there, in their order."""
        for delivery in reversed(deliveries):
            self._given_back[delivery.queue].appendleft(delivery.body)
        self.feed(dict.fromkeys(delivery.queue for delivery in deliveries))

    def _hand_out_one(self, queue: str) -> bool:
        consumer = next((c for c in self._consumers if c.takes(queue)), None)
        given_back = self._given_back[queue]
        ready = given_back or self._ready[queue]
        if consumer is None or not ready:
            return False
        consumer.deliver(ready.popleft(), queue, ready is given_back)
        self._consumers.remove(consumer)
        self._consumers.append(consumer)
        return True


@asynccontextmanager
async def open_memory_broker() -> AsyncIterator[MemoryBroker]:
    """An empty broker. Nothing to wait for, nothing that can fail."""
    yield MemoryBroker()
