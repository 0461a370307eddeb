"""How many mutations a second a caller may ask for: the same in memory and in Redis, whatever becomes of Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from taskflow.infra import counting
from taskflow.infra.errors import RateLimited
from taskflow.infra.rate import RateLimit, open_rate_limit
from taskflow.infra.settings import MEMORY, Settings
from tests.contracts.proxy import Proxy, open_proxy
from tests.contracts.waiting import eventually, logged

LIMIT = 5


@pytest.fixture
def caller() -> str:
    return f"token:{uuid4()}"


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.services)])
async def rate(request: pytest.FixtureRequest) -> AsyncIterator[RateLimit]:
    url = MEMORY if request.param == "memory" else request.getfixturevalue("redis_url")
    async with open_rate_limit(Settings(api_rate_limit=LIMIT, redis_url=url)) as opened:
        yield opened


async def taken(rate: RateLimit, caller: str, times: int = 10 * LIMIT) -> int:
    """How many of so many at once."""
    outcomes = await asyncio.gather(*(rate.take(caller) for _ in range(times)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert len(refused) + outcomes.count(None) == times
    return outcomes.count(None)


async def test_a_caller_gets_so_many_a_second_and_no_other_pays_for_it(rate: RateLimit, caller: str) -> None:
    assert LIMIT <= await taken(rate, caller) < 10 * LIMIT
    assert await taken(rate, f"{caller}x", 1) == 1

    async def is_taken_again() -> bool:
        return await taken(rate, caller, 1) == 1

    await eventually(is_taken_again)


async def test_what_does_more_than_one_second_takes_is_taken_in_a_second_of_its_own(
    rate: RateLimit, caller: str
) -> None:
    await rate.take(caller, 10 * LIMIT)
    assert await taken(rate, caller) < 10 * LIMIT


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[Proxy]:
    async with open_proxy(redis_url) as proxy:
        yield proxy


@pytest.mark.services
async def test_processes_count_together(redis_url: str, caller: str) -> None:
    settings = Settings(api_rate_limit=LIMIT, redis_url=redis_url)
    async with open_rate_limit(settings) as one, open_rate_limit(settings) as other:
        first, second = await asyncio.gather(taken(one, caller), taken(other, caller))
    assert LIMIT <= first + second < 20 * LIMIT


@pytest.mark.services
async def test_mutations_wait_for_each_other_where_the_url_allows_few_connections(
    redis_url: str, caller: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ANSWER", 10 * counting.ANSWER)
    url = f"{redis_url}?max_connections=2"
    async with open_rate_limit(Settings(api_rate_limit=LIMIT, redis_url=url)) as rate:
        await taken(rate, caller)
    assert not await logged(caplog, "each process counts by itself")


@pytest.mark.services
@pytest.mark.parametrize("how", ["away", "silent"])
async def test_redis_that_does_not_answer_refuses_nobody_and_holds_nobody_up(
    proxy: Proxy, caller: str, how: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "AGAIN", counting.ANSWER / 10)
    async with open_rate_limit(Settings(api_rate_limit=LIMIT, redis_url=proxy.url)) as rate:
        await rate.take(caller)
        if how == "away":
            await proxy.go_away()
        else:
            proxy.freeze()
        async with asyncio.timeout(5):
            assert LIMIT <= await taken(rate, f"{caller}x") < 10 * LIMIT, "each process counts by itself"
        assert await logged(caplog, "each process counts by itself")
        if how == "away":
            await proxy.listen()
        else:
            proxy.thaw()

        async def counts_again() -> bool:
            await taken(rate, caller, 1)
            return await logged(caplog, "Redis counts mutations again")

        await eventually(counts_again)
