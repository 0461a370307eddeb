"""Receives messages, and keeps receiving: a session for each connection, one iteration for the reader throughout."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self

from aiormq.abc import AbstractConnection, ChannelFrame, DeliveredMessage
from aiormq.channel import Channel
from yarl import URL

from taskflow.infra.broker.rabbitmq import frames
from taskflow.infra.broker.rabbitmq.declare import declare
from taskflow.infra.broker.rabbitmq.link import (
    ANSWER,
    BROKEN,
    GOODBYE,
    PROBE_ANSWER,
    Link,
    Lost,
    logger,
    open_channel,
    plain_errors,
    watch,
)
from taskflow.infra.broker.rabbitmq.tap import Tap
from taskflow.infra.broker.topology import Topology

RETRY_WRITE: Final = 0.005  # seconds


class RabbitDelivery:
    """A message in hand, of the session that brought it."""

    __slots__ = ("_consumer", "_session", "body", "settled", "tag")

    def __init__(self, body: bytes, tag: int, session: "Session", consumer: "RabbitConsumer") -> None:
        self.body = body
        self.tag = tag
        self.settled = False
        self._session = session
        self._consumer = consumer

    async def ack(self) -> None:
        if not self.settled:
            self.settled = True
            self._session.acknowledge(self.tag)
            self._consumer.release()


class Session:
    """One channel's deliveries and their acknowledgements, which are written together once in a turn of the loop."""

    def __init__(self, channel: Channel, prefetch: int) -> None:
        self.channel = channel
        self.alarm: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._prefetch = prefetch
        self._received = 0
        self._received_when_starved = -1
        self._unacknowledged: dict[int, None] = {}
        self._acknowledged: set[int] = set()
        channel.on_consumer_cancel_callbacks.add(self._note_cancel)

    def received(self, tag: int) -> None:
        self._unacknowledged[tag] = None
        self._received += 1

    def is_deaf(self, waiting: int) -> bool:
        """Whether, for the second time in a row, messages wait at the broker, there is room, and none has come."""
        starved = waiting > 0 and len(self._unacknowledged) < self._prefetch
        was_starved = self._received_when_starved == self._received
        self._received_when_starved = self._received if starved else -1
        return starved and was_starved

    def acknowledge(self, tag: int) -> None:
        if self.channel.is_closed:
            logger.debug("An acknowledgement came after its channel had closed; the message will be delivered again")
            return
        if not self._acknowledged:
            asyncio.get_running_loop().call_soon(self._write)
        self._acknowledged.add(tag)

    async def cancel(self) -> None:
        """Have the broker send no more."""
        for consumer_tag in list(self.channel.consumers):
            await self.channel.basic_cancel(consumer_tag)

    async def give_back(self, tags: Sequence[int]) -> None:
        payload = frames.given_back(self.channel.number, tags)
        await self.channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))
        # Only now: while a tag is listed here, no acknowledgement of all up to a later one goes out before this.
        for tag in tags:
            del self._unacknowledged[tag]

    async def finish(self) -> None:
        """Write what is acknowledged, then close the channel: the broker takes the rest back. Never raises."""
        with suppress(*BROKEN):
            async with asyncio.timeout(GOODBYE.total_seconds()):
                if payload := self._take_acknowledged():
                    await self.channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))
                await self.channel.close()

    def _write(self) -> None:
        if self.channel.is_closed:
            return
        if self.channel.write_queue.full():
            asyncio.get_running_loop().call_later(RETRY_WRITE, self._write)
        elif payload := self._take_acknowledged():
            self.channel.write_queue.put_nowait(ChannelFrame(payload=payload, should_close=False))

    def _take_acknowledged(self) -> bytes:
        """Frames for all of them: one for the unbroken run at the start, one for each of the others."""
        last_of_run = 0
        while self._unacknowledged and (first := next(iter(self._unacknowledged))) in self._acknowledged:
            self._acknowledged.discard(first)
            del self._unacknowledged[first]
            last_of_run = first
        payload = frames.acked(self.channel.number, last_of_run, multiple=True) if last_of_run else b""
        for tag in self._acknowledged:
            del self._unacknowledged[tag]
            payload += frames.acked(self.channel.number, tag, multiple=False)
        self._acknowledged.clear()
        return payload

    def _note_cancel(self, frame: Any) -> None:
        if not self.alarm.done():
            self.alarm.set_result("the broker cancelled the consumer, as it does when the queue is deleted")


class RabbitConsumer:
    """The reader's side. A delivery whose session is gone stays in hand until acknowledged: its handler still runs."""

    def __init__(
        self, url: URL, topology: Topology, queues: Sequence[str], prefetch: int, on_loss: Callable[[], None]
    ) -> None:
        self.link = Link(url, f"consumer of {', '.join(queues)}", self._use, on_loss)
        self._topology = topology
        self._routes = [topology.route(queue) for queue in queues]
        self._prefetch = prefetch
        self._in_hand = 0
        self._waiting: deque[RabbitDelivery] = deque()
        self._changed = asyncio.Event()
        self._stopped = False
        self._session: Session | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RabbitDelivery:
        while not self._stopped:
            # RabbitMQ counts prefetch for each queue, and afresh for each session; the reader's limit is for all.
            if self._waiting and self._in_hand < self._prefetch:
                self._in_hand += 1
                return self._waiting.popleft()
            self._changed.clear()
            await self._changed.wait()
        raise StopAsyncIteration

    def release(self) -> None:
        self._in_hand -= 1
        self._changed.set()

    async def stop(self) -> None:
        self._stopped = True
        self._changed.set()
        session = self._session
        if session is None:
            return
        try:
            with plain_errors():
                async with asyncio.timeout(GOODBYE.total_seconds()):
                    await session.cancel()
                    waiting, self._waiting = self._waiting, deque()
                    await session.give_back([delivery.tag for delivery in waiting])
        except BROKEN as error:
            logger.debug("The broker did not hear that the consumer stops; it takes everything back: %r", error)

    def end(self) -> None:
        """The reader has left; its iteration ends. The link, cancelled next, has the broker take everything back."""
        self._stopped = True
        self._changed.set()

    async def _use(self, connection: AbstractConnection, tap: Tap) -> None:
        if self._stopped:
            return
        await declare(connection, self._topology, self._routes)
        channel = await open_channel(connection)
        session = Session(channel, self._prefetch)
        tap.divert(channel.number, partial(self._receive, session))
        async with asyncio.timeout(ANSWER.total_seconds()):
            await channel.basic_qos(prefetch_count=self._prefetch)
            for route in self._routes:
                await channel.basic_consume(route.queue, _never_called)
        self._session = session
        self.link.up()
        try:
            await watch(channel, partial(self._probe, session), session.alarm)
        except asyncio.CancelledError:
            await session.finish()
            raise
        finally:
            self._session = None
            self._waiting.clear()

    def _receive(self, session: Session, tag: int, body: bytes) -> None:
        session.received(tag)
        self._waiting.append(RabbitDelivery(body, tag, session, self))
        self._changed.set()

    async def _probe(self, session: Session) -> None:
        """On the consumer's own channel: it proves that the broker still has this one, a consumer on each queue, and
        that what waits there comes.
        """
        waiting = 0
        async with asyncio.timeout(PROBE_ANSWER.total_seconds()):
            for route in self._routes:
                answer = await session.channel.queue_declare(route.queue, passive=True)
                waiting += answer.message_count or 0
                if not answer.consumer_count and not self._stopped:
                    raise Lost(f"the broker knows of no consumer of {route.queue}")
        if session.is_deaf(waiting) and not self._stopped:
            raise Lost("messages wait, and the broker sends none")


async def _never_called(message: DeliveredMessage) -> None:
    """The library wants a callback; the tap has taken the delivery by then."""
