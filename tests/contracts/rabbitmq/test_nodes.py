"""Several nodes in one URL: whichever of them answers is used, at the start and after each break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.broker.rabbitmq import open_rabbitmq
from taskflow.infra.broker.topology import Topology
from tests.contracts.messages import is_heard
from tests.contracts.operator import Operator
from tests.contracts.proxy import Proxy, open_proxy
from tests.contracts.rabbitmq.conftest import SOON, start

pytestmark = pytest.mark.services
DEAD = "127.0.0.1:9"


@pytest.fixture
async def second(rabbitmq_url: str) -> AsyncIterator[Proxy]:
    """Another node."""
    async with open_proxy(rabbitmq_url) as proxy:
        yield proxy


def url_of(proxy: Proxy, *others: str) -> str:
    """With that node after the others."""
    address = urlsplit(proxy.url)
    login, at, place = address.netloc.rpartition("@")
    return address._replace(netloc=f"{login}{at}{','.join([*others, place])}").geturl()


def place_of(proxy: Proxy) -> str:
    return urlsplit(proxy.url).netloc.rpartition("@")[2]


async def test_a_first_node_that_is_dead_is_passed_over(
    proxy: Proxy, operator: Operator, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    url = url_of(proxy, DEAD)
    async with (
        open_rabbitmq(url, topology=topology, attempts=1, backoff=SOON) as broker,
        broker.consume(["default"], prefetch=2) as consumer,
    ):
        await is_heard(broker, consumer)
        assert not caplog.records, "neither the publisher nor the consumer asks the dead one again"


async def test_the_other_node_is_used_whenever_the_one_in_use_goes_away(
    proxy: Proxy, second: Proxy, operator: Operator, topology: Topology
) -> None:
    url = url_of(second, place_of(proxy))
    async with (
        open_rabbitmq(url, topology=topology, attempts=1, backoff=SOON) as broker,
        broker.consume(["default"], prefetch=2) as consumer,
    ):
        for used, other in ((proxy, second), (second, proxy)):
            await is_heard(broker, consumer)
            assert used.far_ports
            assert not other.far_ports
            before = broker.generation
            await used.go_away()
            await is_heard(broker, consumer)
            assert broker.generation > before
            await used.listen()


async def test_nodes_that_are_all_away_are_told_in_one_line(topology: Topology) -> None:
    with pytest.raises(BrokerUnavailable) as caught:
        await start(f"amqp://guest:secret-word@{DEAD},127.0.0.1:7/", topology, attempts=2)
    line = str(caught.value)
    assert line.startswith(f"RabbitMQ at {DEAD}, 127.0.0.1:7 can't be reached, tried 2 times: ")
    assert line.index("9)") < line.index("7)"), "why, of each"
    assert "\n" not in line
    assert "secret-word" not in line
