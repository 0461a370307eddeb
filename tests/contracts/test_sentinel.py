"""A Redis that Sentinels name: its master dies, another takes its place, and that is an outage as any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from taskflow.infra import counting
from taskflow.infra.bus import GAP, BusUnavailable, Gap
from taskflow.infra.bus.redis import RedisBus, open_redis
from taskflow.infra.rate import open_rate_limit
from taskflow.infra.settings import Settings
from tests import services
from tests.contracts.waiting import PATIENCE, eventually, logged
from tests.services.sentinel import PASSWORD, SENTINEL_PASSWORD, SERVICE, Group, sentinel_group

pytestmark = [pytest.mark.services, pytest.mark.timeout(60)]
SOON = timedelta(milliseconds=10)
LATER = timedelta(minutes=1)
"""A second try would come so late that the test had failed."""


@pytest.fixture
def group(service_url: Callable[[services.Service], str]) -> Iterator[Group]:
    service_url("redis")
    with sentinel_group() as group:
        if group is None:
            pytest.skip("redis-server is not installed here, so there is no Sentinel to try")
        yield group


@pytest.fixture
async def bus(group: Group) -> AsyncIterator[RedisBus]:
    async with open_redis(group.url, attempts=1, backoff=SOON) as bus:
        yield bus


async def skip_to(subscription: AsyncIterator[bytes | Gap], wanted: bytes | Gap) -> None:
    async with asyncio.timeout(PATIENCE):
        while await anext(subscription) != wanted:
            pass


async def test_a_subscription_goes_on_at_the_new_master_after_a_gap(group: Group, bus: RedisBus) -> None:
    channel = f"test.{uuid4()}"
    async with bus.subscribe(channel) as subscription:
        bus.publish(channel, [b"before"])
        await skip_to(subscription, b"before")
        group.master.kill()
        await skip_to(subscription, GAP)
        bus.publish(channel, [b"after"])
        await skip_to(subscription, b"after")
    await bus.ping()
    await bus.check()


async def test_news_of_the_time_without_a_master_arrives_at_the_new_one(
    group: Group, bus: RedisBus, caplog: pytest.LogCaptureFixture
) -> None:
    channel = f"test.{uuid4()}"
    group.master.kill()
    bus.publish(channel, [b"meanwhile"])
    await eventually(lambda: logged(caplog, "Redis takes no news"))
    await eventually(lambda: logged(caplog, "Redis takes news again; 0 messages were dropped"))
    assert PASSWORD not in caplog.text


async def test_mutations_are_counted_at_the_new_master(
    group: Group, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "AGAIN", counting.ANSWER / 10)
    async with open_rate_limit(Settings(api_rate_limit=1000, redis_url=group.url)) as rate:
        await rate.take("caller")
        group.master.kill()

        async def counts_again() -> bool:
            await rate.take("caller")
            return await logged(caplog, "Redis counts mutations again")

        await eventually(counts_again)


async def start(url: str, *, attempts: int, backoff: timedelta) -> str:
    """What a start that fails says."""
    with pytest.raises(BusUnavailable) as caught:
        async with asyncio.timeout(20), open_redis(url, attempts=attempts, backoff=backoff):
            pass
    line = str(caught.value)
    assert "\n" not in line
    assert PASSWORD not in line
    assert SENTINEL_PASSWORD not in line
    return line


async def test_what_stops_a_start_is_told_in_one_line_without_a_password(group: Group) -> None:
    port = urlsplit(group.sentinel.url).port
    told = f"Redis {SERVICE} of the Sentinels at 127.0.0.1:9, 127.0.0.1:{port}"
    for password, who in ((SENTINEL_PASSWORD, "a Sentinel says: "), (PASSWORD, "")):
        line = await start(group.url.replace(password, "no-such"), attempts=10, backoff=LATER)
        assert line.startswith(f"{told} refuses us: {who}invalid username-password pair")
    unknown = await start(group.url.replace(f"/{SERVICE}/", "/others/"), attempts=2, backoff=SOON)
    assert unknown.endswith("can't be reached, tried 2 times: a Sentinel knows no such master: others")
    none = await start(group.url.replace(f":{port}/", ":9/"), attempts=1, backoff=SOON)
    assert "can't be reached, tried once: Error" in none
