"""What every bus promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from taskflow.infra.bus import GAP, Bus, Gap
from tests.contracts.waiting import PATIENCE


@pytest.fixture
def channel() -> str:
    return f"test.{uuid4()}"


async def take(subscription: AsyncIterator[bytes | Gap], count: int) -> list[bytes | Gap]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(subscription) for _ in range(count)]


async def test_a_subscriber_gets_what_is_published_from_then_on_in_order(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as earlier:
        bus.publish(channel, [b"before"])
        assert await take(earlier, 1) == [b"before"]
    async with bus.subscribe(channel) as subscription:
        bus.publish(channel, [b"1", b"2"])
        bus.publish(channel, [b"3"])
        assert await take(subscription, 3) == [b"1", b"2", b"3"]


async def test_every_subscriber_gets_every_message(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as one, bus.subscribe(channel) as other:
        bus.publish(channel, [b"news"])
        assert await take(one, 1) == [b"news"]
        assert await take(other, 1) == [b"news"]


async def test_channels_are_apart(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as one, bus.subscribe(channel + ".cancel") as other:
        bus.publish(channel + ".cancel", [b"cancel"])
        bus.publish(channel, [b"status"])
        assert await take(one, 1) == [b"status"]
        assert await take(other, 1) == [b"cancel"]


async def test_bytes_arrive_as_they_were_sent(bus: Bus, channel: str) -> None:
    sent = [b"", b"\xff\x00\r\n", "grüße".encode(), b"x" * 300_000]
    async with bus.subscribe(channel) as subscription:
        bus.publish(channel, sent)
        assert await take(subscription, 4) == sent


async def test_publishing_nothing_or_to_nobody_is_harmless(bus: Bus, channel: str) -> None:
    bus.publish(channel, [])
    bus.publish(channel, [b"nobody hears this"])
    await bus.ping()


async def test_a_slow_reader_gets_a_gap_and_then_the_newest(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as slow, bus.subscribe(channel) as quick:
        for number in range(250):
            bus.publish(channel, [str(number).encode()])
            assert await take(quick, 1) == [str(number).encode()]
        received: list[bytes | Gap] = []
        while b"249" not in received:
            received += await take(slow, 1)
        first_after_gap = received[received.index(GAP) + 1]
        assert isinstance(first_after_gap, bytes)
        assert received[received.index(GAP) + 1 :] == [str(n).encode() for n in range(int(first_after_gap), 250)]


async def test_iteration_ends_when_the_subscription_closes(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as subscription:
        bus.publish(channel, [b"unread"])
    async with asyncio.timeout(PATIENCE):
        assert [message async for message in subscription] == []


async def test_a_subscription_that_closed_does_not_disturb_the_others(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as stays:
        async with bus.subscribe(channel):
            pass
        bus.publish(channel, [b"news"])
        assert await take(stays, 1) == [b"news"]


async def test_a_burst_arrives_whole(bus: Bus, channel: str) -> None:
    sent = [str(number).encode() for number in range(90)]
    async with bus.subscribe(channel) as subscription:
        bus.publish(channel, sent)
        assert await take(subscription, 90) == sent


async def test_ping_answers(bus: Bus) -> None:
    await bus.ping()
