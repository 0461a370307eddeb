"""AMQP 0-9-1 frames of the hot path, many in one write: publish, acknowledge, give back. Pure bytes, no I/O.

Through the library's own calls a publish costs several times as much, nearly all of it Python around one frame.
Layouts: section 4.2 of the specification; https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final

METHOD: Final = 1
HEADER: Final = 2
BODY: Final = 3
END: Final = b"\xce"
FRAME_OVERHEAD: Final = 8  # type, channel and size before the payload, END after it

MANDATORY: Final = b"\x01"
CONTENT_TYPE: Final = b"\x10application/json"
PERSISTENT: Final = b"\x02"
HAS_TYPE_MODE_AND_ID: Final = 0x8000 | 0x1000 | 0x0080
HAS_HEADERS: Final = 0x2000

_frame = Struct(">BHI")  # type, channel, size
_publish = Struct(">HHH")  # class basic, method publish, reserved
_header = Struct(">HHQH")  # class basic, weight, body size, property flags
_settle = Struct(">BHIHHQBB")  # a whole frame: class basic, method ack or nack, delivery tag, bits, END
_long = Struct(">I")


def published(channel: int, exchange: str, routing_key: str) -> bytes:
    """The frame that begins a publish. The same for all messages of a route, so made once."""
    return _framed(METHOD, channel, _publish.pack(60, 40, 0) + _short(exchange) + _short(routing_key) + MANDATORY)


def content(channel: int, message_id: str, body: bytes, frame_max: int, headers: dict[str, str] | None = None) -> bytes:
    """The header and body frames that follow: persistent JSON. `message_id` has at most 255 bytes."""
    flags = HAS_TYPE_MODE_AND_ID | (HAS_HEADERS if headers else 0)
    properties = (CONTENT_TYPE, _table(headers) if headers else b"", PERSISTENT, _short(message_id))
    frames = [_framed(HEADER, channel, _header.pack(60, 0, len(body), flags) + b"".join(properties))]
    room = frame_max - FRAME_OVERHEAD
    frames += [_framed(BODY, channel, body[start : start + room]) for start in range(0, len(body), room)]
    return b"".join(frames)


def acked(channel: int, delivery_tag: int, *, multiple: bool) -> bytes:
    """Acknowledge one delivery or, with `multiple`, every one up to it."""
    return _settle.pack(METHOD, channel, 13, 60, 80, delivery_tag, 1 if multiple else 0, END[0])


def given_back(channel: int, delivery_tags: Iterable[int]) -> bytes:
    """Have the broker requeue those deliveries."""
    return b"".join(_settle.pack(METHOD, channel, 13, 60, 120, tag, 2, END[0]) for tag in delivery_tags)


def _framed(kind: int, channel: int, payload: bytes) -> bytes:
    return _frame.pack(kind, channel, len(payload)) + payload + END


def _short(text: str) -> bytes:
    data = text.encode()
    return bytes((len(data),)) + data


def _table(headers: dict[str, str]) -> bytes:
    fields = b"".join(
        _short(name) + b"S" + _long.pack(len(data := text.encode())) + data for name, text in headers.items()
    )
    return _long.pack(len(fields)) + fields
