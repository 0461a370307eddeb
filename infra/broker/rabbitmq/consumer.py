"""Receives messages, and keeps receiving: a session for each connection, one iteration for the reader throughout."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Self

from aiormq.abc import AbstractConnection
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from taskflow.infra.background import in_background
from taskflow.infra.broker.rabbitmq.declare import declare
from taskflow.infra.broker.rabbitmq.link import (
    ANSWER,
    BROKEN,
    PROBE_ANSWER,
    Link,
    Lost,
    open_channel,
    reason,
    translated_errors,
    watch,
)
from taskflow.infra.broker.rabbitmq.nodes import Nodes
from taskflow.infra.broker.rabbitmq.session import Session
from taskflow.infra.broker.rabbitmq.transport import CLOSING, Incoming, Transport
from taskflow.infra.broker.topology import Topology


class RabbitDelivery:
    """A message in hand, of the session that brought it."""

    __slots__ = ("_is_acknowledged", "_session", "body", "is_redelivered", "queue", "tag")

    def __init__(self, body: bytes, queue: str, deliver: Basic.Deliver, session: Session) -> None:
        self.body = body
        self.queue = queue
        self.is_redelivered = bool(deliver.redelivered)
        self.tag = int(deliver.delivery_tag or 0)
        self._is_acknowledged = False
        self._session = session

    async def ack(self) -> None:
        if not self._is_acknowledged:
            self._is_acknowledged = True
            self._session.acknowledge(self.tag)


class RabbitConsumer:
    """The reader's side. A delivery whose session is gone stays in hand until acknowledged: its handler still runs."""

    def __init__(
        self, nodes: Nodes, topology: Topology, queues: Sequence[str], prefetch: int, on_loss: Callable[[], None]
    ) -> None:
        self.link = Link(nodes, f"consumer of {', '.join(queues)}", self._use, on_loss)
        self._topology = topology
        self._routes = [topology.route(queue) for queue in queues]
        self._queues = {topology.route(queue).queue: queue for queue in queues}
        """By the broker's names for them."""
        self._prefetch = prefetch
        self._without: frozenset[str] = frozenset()
        self._waiting: deque[RabbitDelivery] = deque()
        self._changed = asyncio.Event()
        self._stopped = False
        self._session: Session | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RabbitDelivery:
        while not self._stopped:
            if self._waiting:
                return self._waiting.popleft()
            self._changed.clear()
            await self._changed.wait()
        raise StopAsyncIteration

    @property
    def is_well(self) -> bool:
        return self.link.is_well

    async def want(self, prefetch: int, *, without: Collection[str] = ()) -> None:
        self._prefetch = 0 if self._stopped else prefetch
        self._without = frozenset(without)
        session = self._session  # it may end meanwhile
        if session is None:
            return  # the next one begins with it
        try:
            with translated_errors():
                async with asyncio.timeout(CLOSING.total_seconds()):
                    await self._adjust(session)
        except BROKEN as error:
            session.end(f"the broker did not hear what the consumer wants: {reason(error)}")

    async def stop(self) -> None:
        self._stopped = True
        self._changed.set()
        await self.want(0)

    async def _adjust(self, session: Session) -> None:
        wanted = {at: queue for at, queue in self._queues.items() if self._prefetch and queue not in self._without}
        if self._prefetch < session.prefetch:  # a new consumer gets its whole prefetch, whatever is in hand
            await session.want(0, [])
            await self._give_back(session, [*self._waiting])
        await session.want(self._prefetch, [*wanted])
        await self._give_back(session, [one for one in self._waiting if one.queue not in wanted.values()])

    async def _give_back(self, session: Session, deliveries: Sequence[RabbitDelivery]) -> None:
        for delivery in deliveries:
            self._waiting.remove(delivery)
        await session.requeue([delivery.tag for delivery in deliveries])

    def end(self) -> None:
        """The reader has left; its iteration ends. The link, cancelled next, has the broker take everything back."""
        self._stopped = True
        self._changed.set()

    async def _use(self, connection: AbstractConnection, transport: Transport) -> None:
        if self._stopped:
            return
        await declare(connection, self._topology, self._routes)
        channel = await open_channel(connection)
        session = Session(channel)
        transport.take(channel.number, partial(self._receive, session))
        self._session = session
        async with asyncio.timeout(ANSWER.total_seconds()):
            await self._adjust(session)
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
            case Basic.Deliver(delivery_tag=int(tag)) as deliver:
                session.note_received(tag)
                queue = self._queues[session.queue_of(deliver.consumer_tag or "")]
                self._waiting.append(RabbitDelivery(body, queue, deliver, session))
                self._changed.set()

    async def _probe(self, session: Session) -> None:
        """On the consumer's own channel: it proves that the broker still has this one, a consumer on each queue
        that is wanted, and that what waits there comes.
        """
        waiting = 0
        async with asyncio.timeout(PROBE_ANSWER.total_seconds()):
            for route in self._routes:
                answer = await session.channel.queue_declare(route.queue, passive=True)
                if not session.consumes(route.queue):
                    continue
                waiting += answer.message_count or 0
                if not answer.consumer_count:
                    raise Lost(f"the broker knows of no consumer of {route.queue}")
        if session.is_starved(waiting):
            raise Lost("messages wait, and the broker sends none")
        self.link.note_life()
