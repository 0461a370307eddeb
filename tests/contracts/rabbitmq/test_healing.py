"""A broker behind a network goes away, loses a queue, falls silent. Each must heal by itself, within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from taskflow.infra.broker import BrokerUnavailable, DeadLetter
from taskflow.infra.broker.rabbitmq import RabbitBroker
from taskflow.infra.broker.rabbitmq.consumer import RabbitConsumer
from taskflow.infra.broker.topology import Topology
from tests.contracts.messages import HEALED_WITHIN, depth_is, ids, is_heard, message, take, taken
from tests.contracts.operator import Operator, rabbitmqctl
from tests.contracts.proxy import Proxy
from tests.contracts.waiting import PATIENCE, eventually, logged

pytestmark = [pytest.mark.services, pytest.mark.parametrize("topology", ["classic", "quorum"], indirect=True)]


async def test_a_consumer_hears_again_after_its_queue_was_deleted(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        before = broker.generation
        await operator.delete_queue(topology.queue)
        await is_heard(broker, consumer)
        assert broker.generation > before


async def test_a_consumer_that_the_broker_counts_but_does_not_serve_is_replaced(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        await operator.replace_queue({"x-queue-type": topology.queue_type})
        sent = [message() for _ in range(5)]
        assert await broker.publish(sent) == [True] * 5
        received: set[str] = set()
        while len(received) < 5:
            (delivery,) = await take(consumer, 1)
            await delivery.ack()
            received |= ids([delivery])


async def test_a_consumer_hears_again_after_the_broker_cancelled_it(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with broker.consume(["default", "reports"], prefetch=2) as consumer:
        before = broker.generation
        await operator.delete_queue(topology.route("reports").queue)
        await eventually(generation_rises(broker, before))
        await is_heard(broker, consumer)
        sent = message("reports")
        assert await broker.publish([sent]) == [True]
        assert ids(await take(consumer, 1)) == {sent.task_id}


async def test_a_consumer_whose_channel_the_broker_closes_gets_what_it_had_in_hand_again(
    broker: RabbitBroker, caplog: pytest.LogCaptureFixture
) -> None:
    sent = message()
    await broker.publish([sent])
    async with broker.consume(["default"], prefetch=1) as consumer:
        (first,) = await take(consumer, 1)
        await break_channel(consumer)
        await eventually(lambda: logged(caplog, "is back for the consumer"))
        await first.ack()  # of a channel that is gone: neither an error nor an acknowledgement
        (again,) = await take(consumer, 1)
        assert ids([again]) == {sent.task_id}
        await again.ack()
        await eventually(depth_is(broker, "default", 0))
        await is_heard(broker, consumer)


async def test_a_publisher_whose_channel_the_broker_closes_publishes_again(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    before = broker.generation
    async with operator.channel() as channel:
        await channel.exchange_delete(topology.exchange)
    assert await broker.publish([message()]) == [False]
    await eventually(lambda: taken(broker, message()), within=HEALED_WITHIN)
    assert broker.generation > before


async def test_cut_connections_come_back(broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        before = broker.generation
        proxy.cut()
        await is_heard(broker, consumer)
        await eventually(lambda: logged(caplog, "is back for the consumer of default"))
        await eventually(lambda: logged(caplog, "is back for the publisher"))
        assert broker.generation > before
    assert len(caplog.records) == 4, "each loss and each recovery is told once"


async def test_connections_that_the_broker_closes_come_back(broker: RabbitBroker, proxy: Proxy) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        before = broker.generation
        await close_connections(set(proxy.far_ports))
        await eventually(generation_rises(broker, before))
        await is_heard(broker, consumer)


async def test_an_absent_broker_is_found_again_when_it_is_back(
    broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        await proxy.go_away()
        await eventually(lambda: logged(caplog, "is lost to the publisher"))
        await asyncio.sleep(1)  # several attempts fail meanwhile
        async with asyncio.timeout(0.1):
            assert await broker.publish([message(), message()]) == [False, False]
            assert await broker.dead_letter([DeadLetter(b"{}", "used up")]) == [False]
            with pytest.raises(BrokerUnavailable):
                await broker.ping()
            with pytest.raises(BrokerUnavailable):
                await broker.depth("default")
        await proxy.listen()
        await is_heard(broker, consumer)
    assert "guest" not in caplog.text
    assert sum("is lost" in record.message for record in caplog.records) == 2


async def test_half_open_connections_are_noticed_and_replaced(
    broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        proxy.silence()
        await eventually(lambda: logged(caplog, "is back for the consumer of default"), within=HEALED_WITHIN)
        await eventually(lambda: logged(caplog, "is back for the publisher"))
        await is_heard(broker, consumer, within=PATIENCE)  # once RabbitMQ has given up the dead consumer, too


async def test_a_network_that_swallows_everything_for_a_while_is_outlived(
    broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        proxy.freeze()
        async with asyncio.timeout(PATIENCE):
            assert await broker.publish([message() for _ in range(300)]) == [False] * 300
            with pytest.raises(BrokerUnavailable):
                await broker.ping()
        await eventually(lambda: logged(caplog, "is lost to the consumer of default"))
        await eventually(lambda: logged(caplog, "is lost to the publisher"))
        proxy.thaw()
        await eventually(lambda: logged(caplog, "is back for the consumer of default"), within=HEALED_WITHIN)
        await is_heard(broker, consumer, within=PATIENCE)


async def break_channel(consumer: RabbitConsumer) -> None:
    """Have the broker close the consumer's channel: by acknowledging, on it, what was never delivered."""
    session = consumer._session
    assert session
    await session.channel.basic_ack(1_000_000)


async def close_connections(ports: set[int]) -> None:
    """Have the broker close the connections that come from those ports."""
    lines = await asyncio.to_thread(rabbitmqctl, "list_connections", "pid", "peer_port", "--no-table-headers")
    pids = [pid for pid, port in (line.split("\t") for line in lines.splitlines()) if int(port) in ports]
    assert len(pids) == len(ports)
    await asyncio.gather(*(asyncio.to_thread(rabbitmqctl, "close_connection", pid, "by a test") for pid in pids))


def generation_rises(broker: RabbitBroker, before: int) -> Callable[[], Awaitable[bool]]:
    async def has_risen() -> bool:
        return broker.generation > before

    return has_risen
