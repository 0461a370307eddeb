"""The socket under aiormq, and what goes past the library on it: deliveries come in, publishes leave, confirms come in.

All else, the answers to our questions above all, is the library's. It spends a task and three awaits on each delivery
(mosquito/aiormq#156), so that they trickle in and are claimed a few at a time; and it loses the confirm of a message
when two with the same id are in flight (mosquito/aio-pika#689). Measured on whole tasks, through the library: a drain
at prefetch 64 costs the worker half as much CPU again, a create costs the API a quarter more, a set of 100 a third.

This is the only file that needs what aio-pika (10.2 up to 11) and aiormq (7.2.4 up to 8) declare and do not document;
tests/contracts/rabbitmq/test_transport.py notices when one of these ends:

- aio_pika: `Connection.PARAMETERS`, `abc.UnderlayConnection.connection`;
- aiormq: `TransportFactory.create` (mosquito/aiormq#205), and `ready`, `connection_tune`, `number` and
  `on_consumer_cancel_callbacks` of its abstract connection and channel.

Nothing inside the library is read or written. It counts a connection as dead that brings it nothing for three
heartbeats, so whoever uses one asks something from time to time, as `watch` in link.py does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from struct import Struct
from typing import Any, Final, SupportsIndex, cast

import aio_pika
import pamqp.frame
from aio_pika.abc import ConnectionParameter, UnderlayConnection
from aiormq import TransportFactory
from aiormq.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import AMQPError, InvalidFrameError
from pamqp.body import ContentBody
from pamqp.commands import Basic, Connection
from pamqp.header import ContentHeader
from yarl import URL

HANDSHAKE: Final = timedelta(seconds=5)
CLOSING: Final = timedelta(seconds=2)

FRAME_OVERHEAD: Final = 8  # type, channel and size before the payload, the end octet after it
HEAD: Final = FRAME_OVERHEAD - 1
DEFAULT_FRAME_MAX: Final = 131_072  # RabbitMQ's, for one that sets no limit
_head = Struct(">BHI")

Incoming = Basic.Deliver | Basic.Return | Basic.Ack | Basic.Nack
Receive = Callable[[Incoming, ContentHeader | None, bytes], None]


class FrameReader(asyncio.StreamReader):
    """What RabbitMQ sends. The frames that `take` asks for go to us at once, all others on to the library."""

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._channel = 0  # which never carries messages
        self._receive: Receive = _drop
        self._unread = bytearray()
        self._method: Basic.Deliver | Basic.Return | None = None  # whose header and body come next
        self._header: ContentHeader | None = None
        self._body: list[bytes] = []
        self._missing = 0  # bytes of that body
        self.closing: Connection.Close | None = None  # why the broker ended the handshake

    def take(self, channel: int, receive: Receive) -> None:
        """Deliveries, returns and confirms of `channel` go to `receive(method, header, body)`."""
        self._channel = channel
        self._receive = receive

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self._unread.extend(data)
        passing = bytearray()
        position = 0
        while len(self._unread) - position >= HEAD:
            _, channel, size = _head.unpack_from(self._unread, position)
            end = position + FRAME_OVERHEAD + size
            if end > len(self._unread):
                break
            frame = bytes(self._unread[position:end])
            if channel != self._channel or not self._is_taken(frame):
                passing += frame
            position = end
        del self._unread[:position]
        if passing:
            super().feed_data(passing)

    def feed_eof(self) -> None:
        """What is unread belongs to no whole frame; the library is to see that it was cut short."""
        if self._unread:
            super().feed_data(self._unread)
            self._unread = bytearray()
        super().feed_eof()

    def _is_taken(self, data: bytes) -> bool:
        match pamqp.frame.unmarshal(data)[2]:
            case Basic.Ack() | Basic.Nack() as confirm:
                self._receive(confirm, None, b"")
                return True
            case Connection.Close() as closing:
                self.closing = closing
                return False
            case Basic.Deliver() | Basic.Return() as method:
                self._method, self._header = method, None
                return True
            case ContentHeader() as header if self._method:
                self._header, self._body, self._missing = header, [], header.body_size
            case ContentBody(value=value) if self._method:
                self._body.append(value)
                self._missing -= len(value)
            case _:
                return False
        if not self._missing:
            method, self._method = self._method, None
            self._receive(method, self._header, b"".join(self._body))
        return True


def _drop(method: Incoming, header: ContentHeader | None, body: bytes) -> None:
    """Nobody asked for them yet."""


class NotOpened(AMQPError):
    """The broker closed the connection instead of opening it. The library tells what it expected, not what was said."""

    def __init__(self, closing: Connection.Close) -> None:
        super().__init__(closing.reply_text)
        self.code = closing.reply_code


class Transport(TransportFactory):
    """Opens the socket for the library, writes beside it, and can cut it at once when it is half open."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._socket: asyncio.Transport | None = None

    async def create(self, url: URL, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        certificates = kwargs.pop("ssl_context_provider")
        context = await certificates.get_context() if url.scheme == "amqps" else None
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        host, port = cast(str, url.host), cast(int, url.port)
        self._socket, _ = await loop.create_connection(lambda: protocol, host, port, ssl=context, **kwargs)
        return self._reader, asyncio.StreamWriter(self._socket, protocol, self._reader, loop)

    @property
    def closing(self) -> Connection.Close | None:
        return self._reader.closing

    def take(self, channel: int, receive: Receive) -> None:
        self._reader.take(channel, receive)

    def write(self, frames: bytes) -> None:
        """Whole frames, which stay together."""
        if self._socket and not self._socket.is_closing():
            self._socket.write(frames)

    def cut(self) -> None:
        if self._socket:
            self._socket.abort()


class _Connection(aio_pika.Connection):
    PARAMETERS = (
        *aio_pika.Connection.PARAMETERS,
        ConnectionParameter(name="transport_factory", parser=lambda factory: factory, is_kwarg=True),
    )


@asynccontextmanager
async def connected(url: URL, name: str) -> AsyncIterator[tuple[AbstractConnection, Transport]]:
    """One connection, shown to the operator as `name`. Cut when the body fails, else closed politely."""
    transport = Transport()
    connection = _Connection(url, client_properties={"connection_name": name}, transport_factory=transport)
    try:
        await _open(connection, transport)
        yield cast(UnderlayConnection, connection.transport).connection, transport
    except Exception:
        transport.cut()
        raise
    finally:
        await _close(connection, transport)


async def _open(connection: aio_pika.Connection, transport: Transport) -> None:
    try:
        async with asyncio.timeout(HANDSHAKE.total_seconds()):
            await connection.connect()
    except InvalidFrameError as error:
        if transport.closing is None:
            raise
        raise NotOpened(transport.closing) from error
    except StopAsyncIteration as error:  # which may not leave an async generator, as the caller is
        raise ConnectionResetError("closed by the broker before it was open") from error


async def _close(connection: aio_pika.Connection, transport: Transport) -> None:
    inner = connection.transport.connection if connection.transport else None
    try:
        async with asyncio.timeout(CLOSING.total_seconds()):
            if inner:
                await inner.close()
    except TimeoutError:
        transport.cut()
        if inner:
            await inner.close()
    finally:
        await connection.close()


def largest_body_frame(channel: AbstractChannel) -> int:
    """Bytes of a body that one frame may carry."""
    return (channel.connection.connection_tune.frame_max or DEFAULT_FRAME_MAX) - FRAME_OVERHEAD


def on_cancel(channel: AbstractChannel, note: Callable[[], None]) -> None:
    """Call `note` when the broker cancels a consumer of this channel."""
    channel.on_consumer_cancel_callbacks.add(lambda _: note())


async def is_blocked(connection: AbstractConnection) -> bool:
    """Whether RabbitMQ has said that it reads nothing from us for now. It would not answer a probe either."""
    try:
        async with asyncio.timeout(0):
            await connection.ready()
    except TimeoutError:
        return True
    return False
