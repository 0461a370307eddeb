"""Takes deliveries out of the bytes that come in, before the library sees them. Pure parsing, no I/O of its own.

The library spends three awaits, a dozen objects and a task on each delivery, ten times what it costs to read it. All
else that comes in, the answers to our questions above all, flows on to the library untouched.
"""

import asyncio
from collections.abc import Callable, Iterable
from struct import Struct
from typing import Final, SupportsIndex

from taskflow.infra.broker.rabbitmq.frames import BODY, FRAME_OVERHEAD, HEADER, METHOD

BASIC_DELIVER: Final = 60 << 16 | 60
HEAD: Final = FRAME_OVERHEAD - 1  # type, channel and size

_frame = Struct(">BHI")
_method = Struct(">I")
_body_size = Struct(">4xQ")  # after class and weight
_delivery_tag = Struct(">Q")


class Tap(asyncio.StreamReader):
    """A stream from RabbitMQ. `divert` before the first delivery is asked for."""

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._channel = 0  # which never carries deliveries
        self._receive: Callable[[int, bytes], None] = _drop
        self._unread = bytearray()
        self._tag = 0
        self._missing = 0  # bytes of the body of the delivery at hand
        self._body: list[bytes] = []

    def divert(self, channel: int, receive: Callable[[int, bytes], None]) -> None:
        """Give every delivery on `channel` to `receive(delivery_tag, body)`, at once."""
        self._channel = channel
        self._receive = receive

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self._unread.extend(data)
        passing = bytearray()
        position = 0
        while len(self._unread) - position >= HEAD:
            kind, channel, size = _frame.unpack_from(self._unread, position)
            end = position + FRAME_OVERHEAD + size
            if end > len(self._unread):
                break
            if channel != self._channel or not self._take(kind, position + HEAD, end - 1):
                passing += self._unread[position:end]
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

    def _take(self, kind: int, start: int, end: int) -> bool:
        """Read this frame, or say that it is no part of a delivery."""
        if kind == METHOD:
            if _method.unpack_from(self._unread, start)[0] != BASIC_DELIVER:
                return False
            consumer_tag_size = self._unread[start + 4]
            (self._tag,) = _delivery_tag.unpack_from(self._unread, start + 5 + consumer_tag_size)
            return True
        if kind == HEADER:
            (self._missing,) = _body_size.unpack_from(self._unread, start)
        elif kind == BODY:
            self._body.append(bytes(self._unread[start:end]))
            self._missing -= end - start
        else:
            return False
        if not self._missing:
            body, self._body = b"".join(self._body), []
            self._receive(self._tag, body)
        return True


def _drop(delivery_tag: int, body: bytes) -> None:
    """Nobody asked for deliveries yet."""
