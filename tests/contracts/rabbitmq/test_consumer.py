"""What a consumer of RabbitMQ keeps to in good and in bad times."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from taskflow.infra.broker.rabbitmq import RabbitBroker, open_rabbitmq
from taskflow.infra.broker.topology import Topology
from tests.contracts.messages import HEALED_WITHIN, depth_is, ids, is_heard, message, take, taken
from tests.contracts.operator import Operator
from tests.contracts.proxy import Proxy
from tests.contracts.rabbitmq.conftest import SOON
from tests.contracts.waiting import PATIENCE, eventually, logged

pytestmark = pytest.mark.services


async def test_a_quiet_consumer_with_its_hands_full_is_not_taken_for_lost(
    broker: RabbitBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.infra.broker.rabbitmq.link.PROBE_EVERY", timedelta(seconds=0.05))
    await broker.publish([message(), message()])
    before = broker.generation
    async with broker.consume(["default"], prefetch=1) as consumer:
        (in_hand,) = await take(consumer, 1)
        await asyncio.sleep(0.5)  # ten probes
        await in_hand.ack()
        (in_hand,) = await take(consumer, 1)
        await in_hand.ack()
    assert broker.generation == before
    assert caplog.records == []
    await eventually(depth_is(broker, "default", 0))


async def test_a_consumer_that_wants_nothing_wants_nothing_after_a_loss_either(
    broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await consumer.want(0)
        await broker.publish([message(), message()])
        proxy.cut()
        await eventually(lambda: logged(caplog, "is back for the consumer"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(aiter(consumer))
        await consumer.want(2)
        assert len(await take(consumer, 2)) == 2
        assert consumer.is_well


async def test_a_consumer_that_stopped_stays_stopped_when_the_broker_comes_back(
    broker: RabbitBroker, proxy: Proxy
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await consumer.stop()
        await proxy.go_away()
        await proxy.listen()
        await eventually(lambda: taken(broker, message()), within=HEALED_WITHIN)
        assert await take(consumer, 1) == []
        await eventually(depth_is(broker, "default", 1))


async def test_stopping_and_closing_are_quick_while_the_broker_is_away_or_silent(
    proxy: Proxy, topology: Topology, operator: Operator
) -> None:
    async with asyncio.timeout(PATIENCE):
        async with open_rabbitmq(proxy.url, topology=topology, attempts=1, backoff=SOON) as broker:
            async with broker.consume(["default"], prefetch=2) as consumer:
                await proxy.go_away()
                await consumer.stop()
            await proxy.listen()
            async with broker.consume(["default"], prefetch=2) as consumer:
                proxy.freeze()
                await consumer.stop()


async def test_nothing_runs_on_after_a_broker_has_closed(proxy: Proxy, topology: Topology, operator: Operator) -> None:
    before = asyncio.all_tasks()
    async with open_rabbitmq(proxy.url, topology=topology, attempts=1, backoff=SOON) as broker:
        async with broker.consume(["default"], prefetch=2) as consumer:
            await is_heard(broker, consumer)
            proxy.cut()
            await is_heard(broker, consumer)
        assert await broker.publish([message()]) == [True]
    own = {task for task in asyncio.all_tasks() - before if "Proxy" not in repr(task)}
    assert own == set()


async def test_an_error_of_the_body_comes_out_as_it_was(broker: RabbitBroker) -> None:
    with pytest.raises(KeyError, match="ours"):
        async with broker.consume(["default"], prefetch=2):
            raise KeyError("ours")


async def test_acknowledgements_in_any_order_are_each_counted_once(broker: RabbitBroker) -> None:
    await broker.publish([message() for _ in range(20)])
    async with broker.consume(["default"], prefetch=20) as consumer:
        deliveries = await take(consumer, 20)
        for place in (5, 0, 1, 19, 3, 2):
            await deliveries[place].ack()
        await asyncio.sleep(0)
        for place in (4, 7, 6, 18):
            await deliveries[place].ack()
        kept = ids([deliveries[place] for place in range(8, 18)])
    async with broker.consume(["default"], prefetch=20) as consumer:
        assert ids(await take(consumer, 10)) == kept
        await eventually(depth_is(broker, "default", 0))


async def test_another_programs_message_is_consumed(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    await operator.publish(b"any bytes", topology.exchange, topology.routing_key)
    async with broker.consume(["default"], prefetch=1) as consumer:
        (delivery,) = await take(consumer, 1)
        assert delivery.body == b"any bytes"


async def test_a_consumer_may_begin_while_the_broker_is_away(broker: RabbitBroker, proxy: Proxy) -> None:
    await proxy.go_away()
    async with broker.consume(["default"], prefetch=1) as consumer:
        await proxy.listen()
        await is_heard(broker, consumer)


async def test_a_cancellation_is_obeyed_at_any_moment(broker: RabbitBroker) -> None:
    async def hold() -> None:
        async with broker.consume(["default"], prefetch=2) as consumer:
            await is_heard(broker, consumer)
            await broker.depth("default")
            await broker.ping()
            await asyncio.Event().wait()

    for step in range(50):
        holding = asyncio.create_task(hold())
        await asyncio.sleep(step * 0.001)
        holding.cancel()
        _, late = await asyncio.wait([holding], timeout=PATIENCE)
        assert not late
        assert holding.cancelled()
