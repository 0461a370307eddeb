"""Receives messages, and keeps receiving: a session for each connection, one iteration for the reader throughout."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

from aiormq.abc import AbstractConnection
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from yarl import URL

from taskflow.infra.background import in_background
from taskflow.infra.broker.rabbitmq.declare import declare
from taskflow.infra.broker.rabbitmq.link import (
    ANSWER,
    BROKEN,
    PROBE_ANSWER,
    Link,
    Lost,
    logger,
    open_channel,
    translated_errors,
    watch,
)
from taskflow.infra.broker.rabbitmq.session import Session
from taskflow.infra.broker.rabbitmq.transport import CLOSING, Incoming, Transport
from taskflow.infra.broker.topology import Topology


class RabbitDelivery:
    """A message in hand, of the session that brought it."""

    __slots__ = ("_consumer", "_is_acknowledged", "_session", "body", "tag")

    def __init__(self, body: bytes, tag: int, session: Session, consumer: "RabbitConsumer") -> None:
        self.body = body
        self.tag = tag
        self._is_acknowledged = False
        self._session = session
        self._consumer = consumer

    async def ack(self) -> None:
        if not self._is_acknowledged:
            self._is_acknowledged = True
            self._session.acknowledge(self.tag)
            self._consumer.release()


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
            with translated_errors():
                async with asyncio.timeout(CLOSING.total_seconds()):
                    await session.stop()
                    waiting, self._waiting = self._waiting, deque()
                    await session.requeue([delivery.tag for delivery in waiting])
        except BROKEN as error:
            logger.debug("The broker did not hear that the consumer stops; it takes everything back: %r", error)

    def end(self) -> None:
        """The reader has left; its iteration ends. The link, cancelled next, has the broker take everything back."""
        self._stopped = True
        self._changed.set()

    async def _use(self, connection: AbstractConnection, transport: Transport) -> None:
        if self._stopped:
            return
        await declare(connection, self._topology, self._routes)
        channel = await open_channel(connection)
        session = Session(channel, self._prefetch)
        transport.take(channel.number, partial(self._receive, session))
        async with asyncio.timeout(ANSWER.total_seconds()):
            await channel.basic_qos(prefetch_count=self._prefetch)
            for route in self._routes:
                await session.consume(route.queue)
        self._session = session
        self.link.note_success()
        async with in_background(session.write_acknowledgements(), name="acknowledgements"):
            try:
                await watch(channel, partial(self._probe, session), session.ended)
            except asyncio.CancelledError:
                await session.close()
                raise
            finally:
                self._session = None
                self._waiting.clear()

    def _receive(self, session: Session, method: Incoming, header: ContentHeader | None, body: bytes) -> None:
        match method:
            case Basic.Deliver(delivery_tag=int(tag)):
                session.note_received(tag)
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
        if session.is_starved(waiting) and not self._stopped:
            raise Lost("messages wait, and the broker sends none")
