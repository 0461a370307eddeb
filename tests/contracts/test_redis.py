"""What only a bus behind a network can do: be away, half open, or refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from redis.asyncio.connection import AbstractConnection

from taskflow.infra.bus import GAP, BusUnavailable, Gap
from taskflow.infra.bus.redis import RedisBus, open_redis
from tests.contracts.proxy import Proxy, open_proxy
from tests.contracts.waiting import PATIENCE, eventually, logged

pytestmark = pytest.mark.services
SOON = timedelta(milliseconds=10)


@pytest.fixture
def channel() -> str:
    return f"test.{uuid4()}"


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[Proxy]:
    async with open_proxy(redis_url) as proxy:
        yield proxy


@pytest.fixture
async def bus(proxy: Proxy) -> AsyncIterator[RedisBus]:
    """Behind the proxy."""
    async with open_redis(proxy.url, attempts=1, backoff=SOON) as bus:
        yield bus


@pytest.fixture
async def other(redis_url: str) -> AsyncIterator[RedisBus]:
    """Another process, whose way to Redis is sound."""
    async with open_redis(redis_url, attempts=1, backoff=SOON) as bus:
        yield bus


async def skip_to_gap(subscription: AsyncIterator[bytes | Gap]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await anext(subscription) is not GAP:
            pass


async def next_message(subscription: AsyncIterator[bytes | Gap]) -> bytes | Gap:
    async with asyncio.timeout(PATIENCE):
        return await anext(subscription)


async def test_a_subscription_whose_connection_is_killed_yields_a_gap_and_goes_on(
    bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str
) -> None:
    async with bus.subscribe(channel) as subscription:
        proxy.cut()
        await skip_to_gap(subscription)
        other.publish(channel, [b"after"])
        assert await next_message(subscription) == b"after"


async def test_a_subscription_outlives_an_absence_of_redis(
    bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with bus.subscribe(channel) as subscription:
        await proxy.go_away()
        await eventually(lambda: logged(caplog, "is lost"))
        await asyncio.sleep(0.5)  # several attempts fail meanwhile
        await proxy.listen()
        await skip_to_gap(subscription)
        other.publish(channel, [b"after"])
        assert await next_message(subscription) == b"after"
    assert [record.message.partition(" to ")[0] for record in caplog.records].count("The subscription") == 2


async def test_a_connection_that_is_closed_just_before_it_is_written_to_is_lost_like_any_other(
    bus: RedisBus,
    other: RedisBus,
    channel: str,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real = AbstractConnection.connect

    async def closed(connection: AbstractConnection) -> None:
        monkeypatch.setattr(AbstractConnection, "connect", real)
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    async with bus.subscribe(channel) as subscription:
        monkeypatch.setattr(AbstractConnection, "connect", closed)
        proxy.cut()
        await skip_to_gap(subscription)
        other.publish(channel, [b"after"])
        assert await next_message(subscription) == b"after"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_half_open_subscription_is_noticed_and_replaced(
    bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.infra.bus.redis.QUIET", timedelta(seconds=0.5))
    async with bus.subscribe(channel) as subscription:
        proxy.silence()
        await skip_to_gap(subscription)
        other.publish(channel, [b"after"])
        assert await next_message(subscription) == b"after"


async def test_a_subscription_may_begin_while_redis_is_away(
    bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str
) -> None:
    await proxy.go_away()
    async with bus.subscribe(channel) as subscription:
        await proxy.listen()
        assert await next_message(subscription) is GAP
        other.publish(channel, [b"after"])
        assert await next_message(subscription) == b"after"


async def test_a_quiet_subscription_is_not_taken_for_lost(
    other: RedisBus, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.infra.bus.redis.QUIET", timedelta(seconds=0.1))
    async with other.subscribe(channel) as subscription:
        await asyncio.sleep(0.5)  # it asks five times
        other.publish(channel, [b"news"])
        assert await next_message(subscription) == b"news"


async def test_news_of_a_short_absence_arrives_late_and_in_order(
    bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with other.subscribe(channel) as subscription:
        await proxy.go_away()
        for number in range(3):
            bus.publish(channel, [str(number).encode()])
            await asyncio.sleep(0.1)
        await proxy.listen()
        assert [await next_message(subscription) for _ in range(3)] == [b"0", b"1", b"2"]
        await eventually(lambda: logged(caplog, "takes news again"))
    assert sum("takes no news" in record.message for record in caplog.records) == 1


async def test_publishing_while_redis_is_away_neither_waits_nor_grows_without_bound(
    bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with other.subscribe(channel) as subscription:
        await proxy.go_away()
        for number in range(12_000):
            bus.publish(channel, [str(number).encode()])
        await eventually(lambda: logged(caplog, "takes no news"))
        await proxy.listen()
        assert await next_message(subscription) == b"2000"
        await eventually(lambda: logged(caplog, "2000 messages were dropped"))


async def test_a_half_open_sender_is_replaced(bus: RedisBus, other: RedisBus, proxy: Proxy, channel: str) -> None:
    async with other.subscribe(channel) as subscription:
        bus.publish(channel, [b"before"])
        assert await next_message(subscription) == b"before"
        proxy.silence()
        bus.publish(channel, [b"meanwhile"])
        assert await next_message(subscription) == b"meanwhile"


async def test_what_is_published_last_is_sent_before_the_bus_closes(
    redis_url: str, other: RedisBus, channel: str
) -> None:
    async with other.subscribe(channel) as subscription:
        async with open_redis(redis_url, attempts=1, backoff=SOON) as closing:
            closing.publish(channel, [b"goodbye"])
        assert await next_message(subscription) == b"goodbye"


async def test_a_bus_that_redis_left_closes_quickly(proxy: Proxy, channel: str) -> None:
    async with asyncio.timeout(PATIENCE), open_redis(proxy.url, attempts=1, backoff=SOON) as bus:
        await proxy.go_away()
        bus.publish(channel, [b"nobody hears this"])


async def test_ping_of_a_silent_or_absent_redis_raises_soon(bus: RedisBus, proxy: Proxy) -> None:
    async with asyncio.timeout(2):
        proxy.freeze()
        with pytest.raises(BusUnavailable):
            await bus.ping()
        await proxy.go_away()
        with pytest.raises(BusUnavailable):
            await bus.ping()


async def test_a_start_without_redis_gives_up_after_its_attempts_in_one_line(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = with_login(unused_address(redis_url), "secret-word")
    with pytest.raises(BusUnavailable, match=r"can't be reached, tried 3 times") as caught:
        await start(url, attempts=3)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text
    assert len(caplog.records) == 2


async def test_a_refused_login_stops_the_start_at_once(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BusUnavailable, match="refuses us") as caught:
        await start(with_login(redis_url, "secret-word"), attempts=10)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text


@pytest.mark.parametrize("url", ["http://secret-word@127.0.0.1", "redis://:secret-word#x@127.0.0.1:port/0"])
async def test_an_address_that_is_none_stops_the_start_without_showing_it(url: str) -> None:
    with pytest.raises(BusUnavailable, match="REDIS_URL takes a") as caught:
        await start(url, attempts=10)
    assert "secret-word" not in str(caught.value)


async def start(url: str, *, attempts: int) -> None:
    async with open_redis(url, attempts=attempts, backoff=SOON):
        pass


def with_login(url: str, password: str) -> str:
    address = urlsplit(url)
    return address._replace(netloc=f"nobody:{password}@{address.netloc.rpartition('@')[2]}").geturl()


def unused_address(url: str) -> str:
    return urlsplit(url)._replace(netloc="127.0.0.1:9").geturl()
