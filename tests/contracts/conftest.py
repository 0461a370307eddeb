"""One suite, both of each pair: every test here runs on the twin in memory and on the real thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

import pytest

from infra.broker import DeadLetter
from infra.broker.memory import MemoryBroker, open_memory_broker
from infra.bus import Bus
from infra.bus.memory import open_memory_bus
from infra.bus.redis import open_redis
from tests import services

MAILBOX_LIMIT: Final = 100


@pytest.fixture(params=["memory"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[MemoryBroker]:
    async with open_memory_broker() as broker:
        yield broker


@pytest.fixture
def take_dead_letters(broker: MemoryBroker) -> Callable[[int], Awaitable[list[DeadLetter]]]:
    async def take(count: int) -> list[DeadLetter]:
        return [broker.dead_letters.popleft() for _ in range(count)]

    return take


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.services)])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield await stack.enter_async_context(open_memory_bus(mailbox_limit=MAILBOX_LIMIT))
        else:
            url = request.getfixturevalue("redis_url")
            yield await stack.enter_async_context(
                open_redis(url, attempts=1, backoff=timedelta(0), mailbox_limit=MAILBOX_LIMIT)
            )


@pytest.fixture
def redis_url(service_url: Callable[[services.Service], str]) -> str:
    return service_url("redis")
