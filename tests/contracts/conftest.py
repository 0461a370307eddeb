"""One suite, both of each pair: every test here runs on the twin in memory and on the real thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from infra.broker import DeadLetter
from infra.broker.memory import MemoryBroker, open_memory_broker
from infra.bus.memory import MemoryBus, open_memory_bus


@pytest.fixture(params=["memory"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[MemoryBroker]:
    async with open_memory_broker() as broker:
        yield broker


@pytest.fixture
def take_dead_letters(broker: MemoryBroker) -> Callable[[int], Awaitable[list[DeadLetter]]]:
    async def take(count: int) -> list[DeadLetter]:
        return [broker.dead_letters.popleft() for _ in range(count)]

    return take


@pytest.fixture(params=["memory"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[MemoryBus]:
    async with open_memory_bus(mailbox_limit=100) as bus:
        yield bus
