"""What stops a start, or a consumer's: in one sentence that says what to do, without the password."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from taskflow.infra.broker import BrokerUnavailable, TopologyConflict
from taskflow.infra.broker.rabbitmq import RabbitBroker
from taskflow.infra.broker.topology import Topology
from tests.contracts.messages import is_heard, message
from tests.contracts.operator import Operator
from tests.contracts.rabbitmq.conftest import start
from tests.contracts.waiting import eventually, logged

pytestmark = pytest.mark.services


async def test_a_queue_of_somebody_elses_alone_stops_the_start_in_one_sentence(
    rabbitmq_url: str, operator: Operator, topology: Topology
) -> None:
    for queue, way_out in ((topology.dead, "delete it"), (topology.queue, "or set RABBITMQ_QUEUE")):
        async with operator.channel() as channel:
            await channel.queue_declare(queue, exclusive=True)
        with pytest.raises(TopologyConflict, match="exclusively another connection's") as caught:
            await start(rabbitmq_url, topology, attempts=10)
        sentence = str(caught.value)
        assert queue in sentence
        assert way_out in sentence
        assert "\n" not in sentence
        await operator.delete_queue(queue)


async def test_a_queue_type_that_the_broker_does_not_have_stops_the_start(
    rabbitmq_url: str, operator: Operator, topology: Topology
) -> None:
    with pytest.raises(TopologyConflict, match=r"will not make the queue .*x-queue-type") as caught:
        await start(rabbitmq_url, replace(topology, queue_type="nonesuch"), attempts=10)
    assert "\n" not in str(caught.value)


async def test_an_exchange_of_another_type_stops_the_start(
    rabbitmq_url: str, operator: Operator, topology: Topology
) -> None:
    async with operator.channel() as channel:
        await channel.exchange_declare(topology.exchange, exchange_type="direct", durable=True)
    with pytest.raises(TopologyConflict, match="RABBITMQ_EXCHANGE") as caught:
        await start(rabbitmq_url, topology, attempts=10)
    assert topology.exchange in str(caught.value)
    assert "direct" in str(caught.value)


async def test_a_queue_of_somebody_elses_alone_stops_its_consumer(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with operator.channel() as channel:
        await channel.queue_declare(topology.route("reports").queue, exclusive=True)
    with pytest.raises(TopologyConflict):
        async with broker.consume(["reports"], prefetch=1):
            pass
    assert await broker.publish([message("reports"), message("default")]) == [False, True]


async def test_a_conflict_that_arises_later_is_told_and_heals_when_it_is_gone(
    broker: RabbitBroker, operator: Operator, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=1) as consumer:
        await operator.replace_queue(exclusive=True)
        await eventually(lambda: logged(caplog, "has to wait"))
        await operator.delete_queue(topology.queue)
        await is_heard(broker, consumer)


async def test_a_refused_login_stops_the_start_at_once(
    rabbitmq_url: str, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(BrokerUnavailable, match="ACCESS_REFUSED") as caught:
        await start(with_login(rabbitmq_url, "nobody:secret-word"), topology, attempts=10)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text


def with_login(url: str, login: str) -> str:
    address = urlsplit(url)
    return address._replace(netloc=f"{login}@{address.netloc.rpartition('@')[2]}").geturl()


async def test_a_virtual_host_that_is_not_there_stops_the_start_at_once(rabbitmq_url: str, topology: Topology) -> None:
    with pytest.raises(BrokerUnavailable, match="refuses us: NOT_ALLOWED - vhost nobodys not found") as caught:
        await start(with_path(rabbitmq_url, "/nobodys"), topology, attempts=10)
    assert "\n" not in str(caught.value)


@pytest.fixture
def user() -> Iterator[str]:
    """Who may do nothing."""
    name = f"test_{uuid4().hex[:8]}"
    try:
        control("add_user", name, "secret-word")
    except (OSError, subprocess.SubprocessError):
        pytest.skip("rabbitmqctl can't reach the RabbitMQ of the tests, so no user without rights can be made")
    yield name
    control("delete_user", name)


def control(*arguments: str) -> None:
    subprocess.run(["rabbitmqctl", *arguments], check=True, capture_output=True, timeout=30)


async def test_a_user_without_rights_stops_the_start_at_once(rabbitmq_url: str, topology: Topology, user: str) -> None:
    url = with_login(rabbitmq_url, f"{user}:secret-word")
    with pytest.raises(BrokerUnavailable, match=f"refuses us: NOT_ALLOWED - .* refused for user '{user}'"):
        await start(url, topology, attempts=10)
    control("set_permissions", user, "^$", "^$", "^$")
    with pytest.raises(BrokerUnavailable, match=f"refuses us: ACCESS_REFUSED - .* refused for user '{user}'"):
        await start(url, topology, attempts=10)


async def test_a_port_without_tls_stops_the_start_at_once(rabbitmq_url: str, topology: Topology) -> None:
    with pytest.raises(BrokerUnavailable, match=r"refuses us: \[SSL"):
        await start(rabbitmq_url.replace("amqp://", "amqps://"), topology, attempts=10)


def with_path(url: str, path: str) -> str:
    return urlsplit(url)._replace(path=path).geturl()
