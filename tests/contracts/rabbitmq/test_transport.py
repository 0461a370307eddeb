"""What goes past the library, against the library that speaks all of AMQP; and what of aio-pika and aiormq it needs."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, cast

import pamqp.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat
from yarl import URL

from taskflow.infra.broker.rabbitmq import transport
from taskflow.infra.broker.rabbitmq.confirms import ConfirmChannel, Outcome, OutgoingMessage, encode_content
from taskflow.infra.broker.rabbitmq.transport import FrameReader, Incoming
from taskflow.infra.broker.topology import Route

CHANNEL = 3


class Taken:
    """What a channel was given: the number and multiplicity of a confirm, the tag and body of a delivery."""

    def __init__(self) -> None:
        self.confirms: list[tuple[Any, Any]] = []
        self.messages: list[tuple[Any, bytes]] = []

    def receive(self, method: Incoming, header: ContentHeader | None, body: bytes) -> None:
        match method:
            case commands.Basic.Deliver(delivery_tag=tag):
                self.messages.append((tag, body))
            case commands.Basic.Return():
                assert header
                self.messages.append((header.properties.message_id, body))
            case _:
                self.confirms.append((method.delivery_tag, method.multiple))


@given(reason=st.text(max_size=300), body=st.binary(max_size=300), size=st.integers(1, 400))
def test_a_message_is_one_header_and_its_body_in_parts(reason: str, body: bytes, size: int) -> None:
    headers = {"x-taskflow-reason": reason}
    message = OutgoingMessage(Route("e", "k", "q"), "id", body, headers)
    header, *bodies = unmarshal(encode_content(message, CHANNEL, size))
    assert isinstance(header, ContentHeader)
    properties = header.properties
    assert (header.body_size, properties.message_id, properties.headers) == (len(body), "id", headers)
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert b"".join(part.value for part in bodies) == body
    assert all(0 < len(part.value) <= size for part in bodies)


others = st.sampled_from(
    [
        pamqp.frame.marshal(Heartbeat(), 0),
        pamqp.frame.marshal(commands.Queue.DeclareOk(queue="q", message_count=1, consumer_count=1), CHANNEL),
        pamqp.frame.marshal(commands.Basic.Cancel(consumer_tag="ctag"), CHANNEL),
        pamqp.frame.marshal(commands.Basic.Ack(1), CHANNEL + 1),
    ]
)


@given(
    bodies=st.lists(st.binary(max_size=40), max_size=8),
    between=st.lists(others, min_size=9, max_size=9),
    cuts=st.lists(st.integers(0, 3_000), max_size=20),
)
async def test_messages_and_confirms_are_taken_and_nothing_else_however_the_bytes_arrive(
    bodies: list[bytes], between: list[bytes], cuts: list[int]
) -> None:
    stream = between[0]
    for tag, (body, other) in enumerate(zip(bodies, between[1:], strict=False), start=1):
        stream += delivered(tag, body) + other + returned(str(tag), body) + confirmed(tag)
    reader, taken = FrameReader(), Taken()
    reader.take(CHANNEL, taken.receive)
    for start, end in pairwise([0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]):
        reader.feed_data(stream[start:end])
    reader.feed_eof()
    assert taken.messages == [
        (key, body) for tag, body in enumerate(bodies, start=1) for key in (tag, str(tag)) for body in (body,)
    ]
    assert taken.confirms == [(tag, True) for tag in range(1, len(bodies) + 1)]
    assert await reader.read() == b"".join(between[: len(bodies) + 1])


async def test_a_reader_that_nobody_uses_passes_everything_on() -> None:
    stream = delivered(1, b"body")
    reader = FrameReader()
    reader.feed_data(stream)
    reader.feed_data(b"\x08\x00\x00cut short")
    reader.feed_eof()
    async with asyncio.timeout(1):
        assert await reader.read() == stream + b"\x08\x00\x00cut short"


@pytest.mark.services
async def test_the_libraries_still_have_what_is_needed_of_them(rabbitmq_url: str) -> None:
    async with transport.connected(URL(rabbitmq_url), "test") as (connection, own):
        channel = await connection.channel(publisher_confirms=True)
        confirms = ConfirmChannel(channel, own)
        message = OutgoingMessage(Route("", "no.such.queue", ""), "id", b"{}")
        async with asyncio.timeout(5):
            assert [await outcome for outcome in confirms.send([message])] == [Outcome.UNROUTABLE]
        queue = await channel.queue_declare(exclusive=True)
        message = OutgoingMessage(Route("", str(queue.queue), ""), "id", b"{}")
        async with asyncio.timeout(5):
            assert [await outcome for outcome in confirms.send([message, message])] == [Outcome.CONFIRMED] * 2
        assert transport.largest_body_frame(channel) > 1_000
        assert not await transport.is_blocked(connection)


@pytest.mark.services
async def test_the_libraries_still_tell_of_a_consumer_that_the_broker_cancels(rabbitmq_url: str) -> None:
    async with transport.connected(URL(rabbitmq_url), "test") as (connection, _):
        channel = await connection.channel()
        cancelled = asyncio.Event()
        transport.on_cancel(channel, cancelled.set)
        queue = await channel.queue_declare(exclusive=True)
        await channel.basic_consume(str(queue.queue), lambda _: asyncio.sleep(0))
        await channel.queue_delete(str(queue.queue))
        async with asyncio.timeout(5):
            await cancelled.wait()


def unmarshal(data: bytes) -> list[Any]:
    """Every frame in `data`, each of them on our channel."""
    found = []
    while data:
        size, channel, frame = pamqp.frame.unmarshal(data)
        assert channel == CHANNEL
        found.append(frame)
        data = data[size:]
    return found


def delivered(tag: int, body: bytes) -> bytes:
    return marshal(
        commands.Basic.Deliver(consumer_tag="ctag", delivery_tag=tag, exchange="e", routing_key="r"),
        *content(body, "another"),
    )


def returned(message_id: str, body: bytes) -> bytes:
    return marshal(
        commands.Basic.Return(reply_code=312, reply_text="NO_ROUTE", exchange="e", routing_key="r"),
        *content(body, message_id),
    )


def confirmed(tag: int) -> bytes:
    return marshal(commands.Basic.Ack(tag, multiple=True))


def content(body: bytes, message_id: str) -> list[Any]:
    properties = commands.Basic.Properties(message_id=message_id)
    parts = [ContentBody(body[start : start + 16]) for start in range(0, len(body), 16)]
    return [ContentHeader(body_size=len(body), properties=properties), *parts]


def marshal(*some: Any) -> bytes:
    return b"".join(pamqp.frame.marshal(cast(Any, frame), CHANNEL) for frame in some)
