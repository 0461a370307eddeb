"""One suite, both of each pair: every test here runs on the twin in memory and on the real thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from taskflow.infra.broker import Broker, DeadLetter
from taskflow.infra.broker.memory import MemoryBroker, open_memory_broker
from taskflow.infra.broker.rabbitmq import open_rabbitmq
from taskflow.infra.broker.topology import Topology
from taskflow.infra.bus import Bus
from taskflow.infra.bus.memory import open_memory_bus
from taskflow.infra.bus.redis import open_redis
from tests import services
from tests.contracts.operator import Operator, cleaned, new_topology, open_operator

MAILBOX_LIMIT: Final = 100


@pytest.fixture
def rabbitmq_url(service_url: Callable[[services.Service], str]) -> str:
    return service_url("rabbitmq")


@pytest.fixture
def redis_url(service_url: Callable[[services.Service], str]) -> str:
    return service_url("redis")


@pytest.fixture
def topology(request: pytest.FixtureRequest) -> Topology:
    """Names that nobody else has, and the type of queues that a test asks for."""
    return replace(new_topology(), queue_type=getattr(request, "param", ""))


@pytest.fixture
async def operator(rabbitmq_url: str, topology: Topology) -> AsyncIterator[Operator]:
    async with cleaned(rabbitmq_url, topology), open_operator(rabbitmq_url, topology) as operator:
        yield operator


@pytest.fixture(params=["memory", pytest.param("rabbitmq", marks=pytest.mark.services)])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield await stack.enter_async_context(open_memory_broker())
        else:
            url, topology = request.getfixturevalue("rabbitmq_url"), request.getfixturevalue("topology")
            await stack.enter_async_context(cleaned(url, topology))
            rabbitmq = open_rabbitmq(url, topology=topology, attempts=1, backoff=timedelta(0))
            yield await stack.enter_async_context(rabbitmq)


@pytest.fixture
def take_dead_letters(request: pytest.FixtureRequest, broker: Broker) -> Callable[[int], Awaitable[list[DeadLetter]]]:
    async def from_memory(count: int) -> list[DeadLetter]:
        assert isinstance(broker, MemoryBroker)
        return [broker.dead_letters.popleft() for _ in range(count)]

    async def from_rabbitmq(count: int) -> list[DeadLetter]:
        url, topology = request.getfixturevalue("rabbitmq_url"), request.getfixturevalue("topology")
        async with open_operator(url, topology) as operator:
            return await operator.take_dead_letters(count)

    return from_memory if isinstance(broker, MemoryBroker) else from_rabbitmq


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.services)])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield await stack.enter_async_context(open_memory_bus(mailbox_limit=MAILBOX_LIMIT))
        else:
            url = request.getfixturevalue("redis_url")
            redis = open_redis(url, attempts=1, backoff=timedelta(0), mailbox_limit=MAILBOX_LIMIT)
            yield await stack.enter_async_context(redis)
