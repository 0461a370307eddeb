"""Our hand-made frames, against the library that speaks all of AMQP. No broker needed."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, cast

import pamqp.frame
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from taskflow.infra.broker.rabbitmq import frames
from taskflow.infra.broker.rabbitmq.tap import Tap

CHANNEL = 3
short_texts = st.text(max_size=60)


def unmarshal(data: bytes) -> list[Any]:
    """Every frame in `data`, each of them on our channel."""
    found = []
    while data:
        size, channel, frame = pamqp.frame.unmarshal(data)
        assert channel == CHANNEL
        found.append(frame)
        data = data[size:]
    return found


@given(exchange=short_texts, key=short_texts, task_id=short_texts, body=st.binary(max_size=300), reason=st.text())
def test_a_published_message_reads_as_it_was_meant(
    exchange: str, key: str, task_id: str, body: bytes, reason: str
) -> None:
    headers = {"x-taskflow-reason": reason}
    written = frames.published(CHANNEL, exchange, key) + frames.content(CHANNEL, task_id, body, 108, headers)
    publish, header, *bodies = unmarshal(written)
    assert isinstance(publish, commands.Basic.Publish)
    assert (publish.exchange, publish.routing_key) == (exchange, key)
    assert (publish.mandatory, publish.immediate) == (True, False)
    assert isinstance(header, ContentHeader)
    properties = header.properties
    assert (header.body_size, properties.message_id) == (len(body), task_id)
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert properties.headers == headers
    assert b"".join(part.value for part in bodies) == body
    assert all(0 < len(part.value) <= 100 for part in bodies)


def test_acknowledgements_read_as_they_were_meant() -> None:
    one, many = unmarshal(frames.acked(CHANNEL, 7, multiple=False) + frames.acked(CHANNEL, 2**40, multiple=True))
    assert isinstance(one, commands.Basic.Ack)
    assert (one.delivery_tag, one.multiple) == (7, False)
    assert (many.delivery_tag, many.multiple) == (2**40, True)


def test_what_is_given_back_reads_as_it_was_meant() -> None:
    first, second = unmarshal(frames.given_back(CHANNEL, [7, 9]))
    assert isinstance(first, commands.Basic.Nack)
    assert (first.delivery_tag, first.requeue, first.multiple) == (7, True, False)
    assert second.delivery_tag == 9


def delivered(channel: int, tag: int, body: bytes, frame_body: int) -> list[bytes]:
    deliver = commands.Basic.Deliver(consumer_tag="ctag", delivery_tag=tag, exchange="e", routing_key="r")
    header = ContentHeader(body_size=len(body), properties=commands.Basic.Properties(message_id="id"))
    parts = [ContentBody(body[start : start + frame_body]) for start in range(0, len(body), frame_body)]
    return [pamqp.frame.marshal(cast(Any, frame), channel) for frame in (deliver, header, *parts)]


others = st.sampled_from(
    [
        pamqp.frame.marshal(Heartbeat(), 0),
        pamqp.frame.marshal(commands.Queue.DeclareOk(queue="q", message_count=1, consumer_count=1), CHANNEL),
        b"".join(delivered(CHANNEL + 1, 5, b"of another channel", 7)),
    ]
)


@given(
    bodies=st.lists(st.binary(max_size=40), max_size=8),
    between=st.lists(others, min_size=9, max_size=9),
    cuts=st.lists(st.integers(0, 3_000), max_size=20),
)
async def test_a_tap_takes_the_deliveries_and_nothing_else_however_the_bytes_arrive(
    bodies: list[bytes], between: list[bytes], cuts: list[int]
) -> None:
    stream = between[0]
    for tag, (body, other) in enumerate(zip(bodies, between[1:], strict=False), start=1):
        stream += b"".join(delivered(CHANNEL, tag, body, 16)) + other
    tap, taken = Tap(), []
    tap.divert(CHANNEL, lambda tag, body: taken.append((tag, body)))
    for start, end in pairwise([0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]):
        tap.feed_data(stream[start:end])
    tap.feed_eof()
    assert taken == list(enumerate(bodies, start=1))
    assert await tap.read() == b"".join(between[: len(bodies) + 1])


async def test_a_tap_that_nobody_uses_passes_everything_on() -> None:
    stream = b"".join(delivered(CHANNEL, 1, b"body", 16))
    tap = Tap()
    tap.feed_data(stream)
    tap.feed_data(b"\x08\x00\x00cut short")
    tap.feed_eof()
    async with asyncio.timeout(1):
        assert await tap.read() == stream + b"\x08\x00\x00cut short"
