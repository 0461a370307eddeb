"""A channel in confirm mode: what is sent on it, and what RabbitMQ answers."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from aiormq.abc import AbstractChannel
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from taskflow.infra.broker.rabbitmq.link import Lost
from taskflow.infra.broker.rabbitmq.transport import Incoming, Transport, largest_body_frame
from taskflow.infra.broker.topology import Route


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as it is sent."""

    route: Route
    message_id: str
    body: bytes
    headers: dict[str, str] | None = None


class Outcome(Enum):
    """What became of a message."""

    CONFIRMED = auto()
    REFUSED = auto()
    UNROUTABLE = auto()
    LOST = auto()


@dataclass(slots=True)
class Unconfirmed:
    """A message in flight."""

    message_id: str
    outcome: asyncio.Future[Outcome]
    is_returned: bool = False


class ConfirmChannel:
    """A channel in confirm mode, written to in whole chunks. RabbitMQ counts its messages from 1, and so do we."""

    def __init__(self, channel: AbstractChannel, transport: Transport) -> None:
        self.routes: set[Route] = set()  # known to be there
        self._channel = channel
        self._transport = transport
        self._largest_part = largest_body_frame(channel)
        self._methods: dict[Route, bytes] = {}  # which begin a publish, the same for all messages of a route
        self._sent = 0
        self._unconfirmed: dict[int, Unconfirmed] = {}
        self._is_closed = False
        transport.take(channel.number, self._receive)

    def send(self, messages: Sequence[OutgoingMessage]) -> list[asyncio.Future[Outcome]]:
        """The outcome of each, in order. Raises Lost when the channel has closed."""
        if self._is_closed or self._channel.is_closed:
            raise Lost("the channel has closed")
        # No await: what is written and what is expected can't differ.
        self._transport.write(b"".join(map(self._encode, messages)))
        return [self._expect(message) for message in messages]

    def close(self) -> None:
        """Nothing is confirmed any more: answer all who still wait."""
        self._is_closed = True
        self._answer(list(self._unconfirmed), Outcome.LOST)

    def _encode(self, message: OutgoingMessage) -> bytes:
        route, number = message.route, self._channel.number
        method = self._methods.get(route)
        if method is None:
            publish = Basic.Publish(exchange=route.exchange, routing_key=route.routing_key, mandatory=True)
            method = self._methods[route] = marshal(publish, number)
        return method + encode_content(message, number, self._largest_part)

    def _expect(self, message: OutgoingMessage) -> asyncio.Future[Outcome]:
        self._sent += 1
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._unconfirmed[self._sent] = Unconfirmed(message.message_id, outcome)
        return outcome

    def _receive(self, method: Incoming, header: ContentHeader | None, body: bytes) -> None:
        match method:
            case Basic.Ack(delivery_tag=number, multiple=multiple):
                self._answer(self._meant(number, multiple), Outcome.CONFIRMED)
            case Basic.Nack(delivery_tag=number, multiple=multiple):
                self._answer(self._meant(number, multiple), Outcome.REFUSED)
            case Basic.Return() if header:
                self._note_return(header.properties.message_id or "")

    def _meant(self, number: int, multiple: bool) -> list[int]:
        return [sent for sent in self._unconfirmed if sent <= number] if multiple else [number]

    def _answer(self, numbers: Iterable[int], outcome: Outcome) -> None:
        for number in numbers:
            message = self._unconfirmed.pop(number, None)
            if message and not message.outcome.done():  # its caller may have given up
                message.outcome.set_result(Outcome.UNROUTABLE if message.is_returned else outcome)

    def _note_return(self, message_id: str) -> None:
        """Its confirm follows. A return names no number, so all in flight with this id count as returned: rather once
        too often than confirmed in error.
        """
        for message in self._unconfirmed.values():
            if message.message_id == message_id:
                message.is_returned = True


def encode_content(message: OutgoingMessage, channel: int, largest_part: int) -> bytes:
    """The header and body frames of persistent JSON. A message's id has at most 255 bytes."""
    properties = Basic.Properties(
        content_type="application/json",
        delivery_mode=2,
        message_id=message.message_id or None,
        headers=dict(message.headers) if message.headers else None,
    )
    body = message.body
    parts = [body[start : start + largest_part] for start in range(0, len(body), largest_part)]
    header = marshal(ContentHeader(body_size=len(body), properties=properties), channel)
    return header + b"".join(marshal(ContentBody(part), channel) for part in parts)
