"""RabbitMQ behind a proxy that can fail, and an operator beside it whose way there is sound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from taskflow.infra.broker.rabbitmq import RabbitBroker, open_rabbitmq
from taskflow.infra.broker.topology import Topology
from tests.contracts.operator import Operator
from tests.contracts.proxy import Proxy, open_proxy

SOON = timedelta(milliseconds=10)


async def start(url: str, topology: Topology, *, attempts: int) -> None:
    """Open a broker, and close it."""
    async with open_rabbitmq(url, topology=topology, attempts=attempts, backoff=SOON):
        pass


@pytest.fixture
async def proxy(rabbitmq_url: str) -> AsyncIterator[Proxy]:
    async with open_proxy(rabbitmq_url) as proxy:
        yield proxy


@pytest.fixture
async def broker(proxy: Proxy, topology: Topology, operator: Operator) -> AsyncIterator[RabbitBroker]:
    """Behind the proxy. The operator cleans up afterwards."""
    url = f"{proxy.url}?heartbeat=2"
    async with open_rabbitmq(url, topology=topology, attempts=1, backoff=SOON) as broker:
        yield broker
