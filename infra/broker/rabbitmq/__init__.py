"""The broker of production: RabbitMQ 3.10 to 4.x. Only the files of this package import aio-pika and what is under it.

Its `robust` classes are not used: they repair connection, channel, queue and consumer one by one, and where one of
these steps is missed the consumer is connected and receives nothing. See link.py for what is done instead.
"""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial

from aiormq.abc import AbstractConnection
from aiormq.exceptions import (
    AuthenticationError,
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ProbableAuthenticationError,
)

from taskflow.infra.background import supervised
from taskflow.infra.broker import BrokerUnavailable, DeadLetter, Message
from taskflow.infra.broker.rabbitmq.confirms import OutgoingMessage
from taskflow.infra.broker.rabbitmq.consumer import RabbitConsumer
from taskflow.infra.broker.rabbitmq.declare import declare
from taskflow.infra.broker.rabbitmq.link import (
    BROKEN,
    logger,
    reason,
    short_lived_channel,
    translated_errors,
)
from taskflow.infra.broker.rabbitmq.nodes import Nodes
from taskflow.infra.broker.rabbitmq.publisher import Publisher
from taskflow.infra.broker.rabbitmq.transport import NotOpened, connected
from taskflow.infra.broker.topology import DEFAULT_QUEUE, Topology
from taskflow.infra.connecting import Attempts, Refused, Unreachable, connect, is_no_tls

PING_ANSWER = timedelta(seconds=1.5)
LONGEST_REASON = 2_000
LONGEST_ID = 255
CLOSED_FOR_GOOD = {403, 530}  # access refused; not allowed, as a virtual host that is not there
LOGIN_REFUSED = (AuthenticationError, ProbableAuthenticationError, ChannelAccessRefused)


class RabbitBroker:
    """One connection for everything that is sent and asked, and one for each consumer."""

    def __init__(self, nodes: Nodes, topology: Topology) -> None:
        self._nodes = nodes
        self._topology = topology
        self._generation = 0
        self.publisher = Publisher(nodes, topology, self._note_loss)

    @property
    def generation(self) -> int:
        return self._generation

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        route = self._topology.route
        outgoing = [OutgoingMessage(route(message.queue), message.task_id, message.encode()) for message in messages]
        return await self.publisher.send(outgoing)

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        return await self.publisher.send([self._outgoing_letter(letter) for letter in letters])

    @asynccontextmanager
    async def consume(self, queues: Sequence[str], *, prefetch: int) -> AsyncIterator[RabbitConsumer]:
        """Raises TopologyConflict when a queue can't be used, as the consumer starts."""
        consumer = RabbitConsumer(self._nodes, self._topology, queues, prefetch, self._note_loss)
        async with supervised(consumer.link.run, name=f"consumer of {', '.join(queues)}"):
            await consumer.link.tried.wait()
            if consumer.link.conflict:
                raise consumer.link.conflict
            try:
                yield consumer
            finally:
                consumer.end()

    async def depth(self, queue: str) -> int:
        with _unavailable():
            async with short_lived_channel(self._connection()) as channel:
                try:
                    answer = await channel.queue_declare(self._topology.route(queue).queue, passive=True)
                except ChannelNotFoundEntity:
                    return 0
                return answer.message_count or 0

    async def ping(self) -> None:
        with _unavailable():
            async with short_lived_channel(self._connection(), PING_ANSWER):
                pass  # opening a channel is the round trip

    def _connection(self) -> AbstractConnection:
        if self.publisher.connection is None:
            raise BrokerUnavailable("RabbitMQ can't be reached")
        return self.publisher.connection

    def _outgoing_letter(self, letter: DeadLetter) -> OutgoingMessage:
        task_id = letter.task_id or ""
        headers = {"x-taskflow-reason": letter.reason[:LONGEST_REASON]}
        # A foreign body may name anything as its task.
        message_id = task_id if len(task_id.encode()) <= LONGEST_ID else ""
        return OutgoingMessage(self._topology.dead_route, message_id, letter.body, headers)

    def _note_loss(self) -> None:
        self._generation += 1


@asynccontextmanager
async def open_rabbitmq(
    url: str, *, topology: Topology, attempts: int, backoff: timedelta
) -> AsyncIterator[RabbitBroker]:
    """A broker on the RabbitMQ at `url`, with exchanges, default queue and `task.dead` made.

    Tries every node that `url` names until one answers, `attempts` times, first `backoff` apart, then twice as long, up
    to five times `backoff`; a refused login is not tried again. Raises TopologyConflict or BrokerUnavailable, in one
    line and without the password.
    """
    nodes = Nodes.of(url)
    _silence_libraries()
    await connect(
        partial(_contact, nodes, topology),
        str(nodes),
        Attempts(attempts, backoff),
        failure=BrokerUnavailable,
        logger=logger,
    )
    broker = RabbitBroker(nodes, topology)
    async with supervised(broker.publisher.link.run, name="publisher to RabbitMQ"):
        await broker.publisher.link.tried.wait()
        yield broker


async def _contact(nodes: Nodes, topology: Topology) -> None:
    """Log in and make the topology, so that what is wrong for good stops the start and is not retried for ever."""
    reasons = []
    for url in nodes.in_turn:
        try:
            with translated_errors():
                async with connected(url, "taskflow start") as (connection, _):
                    return await declare(connection, topology, [topology.route(DEFAULT_QUEUE)])
        except BROKEN as error:
            if _is_refusal(error):
                raise Refused(reason(error)) from error
            reasons.append(reason(error))
            nodes.note_failure(url)
    raise Unreachable("; ".join(reasons))


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, NotOpened):  # of how many may connect there may be fewer later
        return error.code in CLOSED_FOR_GOOD and "limit" not in reason(error)
    return isinstance(error, LOGIN_REFUSED) or is_no_tls(error)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        with translated_errors():
            yield
    except BROKEN as error:
        raise BrokerUnavailable(f"RabbitMQ does not answer: {reason(error)}") from error


def _silence_libraries() -> None:
    """Unless somebody has set their levels: it reports, at each attempt and with a traceback, what we report once."""
    for name in ("aio_pika", "aiormq"):
        library = logging.getLogger(name)
        if library.level == logging.NOTSET:
            library.setLevel(logging.CRITICAL)
