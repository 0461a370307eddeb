"""What only a broker behind a network can do: go away, lose a queue, fall silent, refuse. Each must heal by itself."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.broker import BrokerUnavailable, Consumer, DeadLetter, TaskMessage, TopologyConflict
from infra.broker.rabbitmq import RabbitBroker, open_rabbitmq
from infra.broker.rabbitmq.consumer import RabbitConsumer
from infra.broker.rabbitmq.declare import queue_arguments
from infra.broker.topology import Route, Topology
from tests.contracts.operator import Operator, rabbitmqctl
from tests.contracts.proxy import Proxy, open_proxy
from tests.contracts.test_broker import depth_is, ids, message, take
from tests.contracts.waiting import PATIENCE, eventually

SOON = timedelta(milliseconds=10)
HEALED_WITHIN = 6.0  # seconds, once the service is back: five, and one for a busy machine

services = pytest.mark.services


@pytest.fixture
async def proxy(rabbitmq_url: str) -> AsyncIterator[Proxy]:
    async with open_proxy(rabbitmq_url) as proxy:
        yield proxy


@pytest.fixture
async def broker(proxy: Proxy, topology: Topology, operator: Operator) -> AsyncIterator[RabbitBroker]:
    """Behind the proxy. The operator's way to RabbitMQ is sound, and it cleans up afterwards."""
    url = f"{proxy.url}?heartbeat=2"
    async with open_rabbitmq(url, topology=topology, attempts=1, backoff=SOON) as broker:
        yield broker


async def is_heard(broker: RabbitBroker, consumer: Consumer, *, within: float = HEALED_WITHIN) -> None:
    """A message published now arrives, whether or not older ones come first."""
    sent = message()
    async with asyncio.timeout(within):
        await eventually(lambda: taken(broker, sent))
        async for delivery in consumer:
            await delivery.ack()
            if ids([delivery]) == {sent.task_id}:
                return


# --- What breaks, and heals


@services
async def test_a_consumer_hears_again_after_its_queue_was_deleted(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        before = broker.generation
        await operator.delete_queue(topology.queue)
        await is_heard(broker, consumer)
        assert broker.generation > before


@services
async def test_a_consumer_that_the_broker_counts_but_does_not_serve_is_replaced(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        async with operator.channel() as channel:
            await replace_queue(channel, topology.queue, {"x-queue-type": "quorum"})
            await channel.queue_bind(topology.queue, topology.exchange, topology.routing_key)
        sent = [message() for _ in range(5)]
        assert await broker.publish(sent) == [True] * 5
        received: set[str] = set()
        while len(received) < 5:
            (delivery,) = await take(consumer, 1)
            await delivery.ack()
            received |= ids([delivery])


@services
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


@services
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


@services
async def test_a_publisher_whose_channel_the_broker_closes_publishes_again(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    before = broker.generation
    async with operator.channel() as channel:
        await channel.exchange_delete(topology.exchange)
    assert await broker.publish([message()]) == [False]
    await eventually(lambda: taken(broker, message()), within=HEALED_WITHIN)
    assert broker.generation > before


@services
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


@services
async def test_connections_that_the_broker_closes_come_back(broker: RabbitBroker, proxy: Proxy) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        before = broker.generation
        await close_connections(set(proxy.far_ports))
        await eventually(generation_rises(broker, before))
        await is_heard(broker, consumer)


@services
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


@services
async def test_half_open_connections_are_noticed_and_replaced(
    broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        proxy.silence()
        await eventually(lambda: logged(caplog, "is back for the consumer of default"), within=HEALED_WITHIN)
        await eventually(lambda: logged(caplog, "is back for the publisher"))
        await is_heard(broker, consumer, within=PATIENCE)  # once RabbitMQ has given up the dead consumer, too


@services
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


@services
async def test_rabbitmq_is_spoken_to_over_tls(
    rabbitmq_url: str, tls: ssl.SSLContext, topology: Topology, operator: Operator
) -> None:
    async with open_proxy(rabbitmq_url, tls) as proxy:
        url = f"{proxy.url}?no_verify_ssl=1"
        async with (
            open_rabbitmq(url, topology=topology, attempts=1, backoff=SOON) as broker,
            broker.consume(["default"], prefetch=2) as consumer,
        ):
            await is_heard(broker, consumer)
        with pytest.raises(BrokerUnavailable, match="CERTIFICATE"):
            await start(proxy.url, topology, attempts=1)


@services
async def test_everything_heals_when_the_application_stops_and_starts(broker: RabbitBroker) -> None:
    waiting = [message() for _ in range(5)]
    async with broker.consume(["default"], prefetch=2) as consumer:
        await is_heard(broker, consumer)
        await consumer.stop()
        assert await broker.publish(waiting) == [True] * 5
    async with broker.consume(["reports"], prefetch=2) as reports:
        before = broker.generation
        try:
            await asyncio.to_thread(rabbitmqctl, "stop_app")
            assert await broker.publish([message()]) == [False]
        finally:
            await asyncio.to_thread(rabbitmqctl, "start_app")
        sent = message("reports")
        async with asyncio.timeout(HEALED_WITHIN):
            await eventually(lambda: taken(broker, sent))
            assert ids(await take(reports, 1)) == {sent.task_id}
        assert broker.generation > before
    async with broker.consume(["default"], prefetch=5) as consumer:
        assert ids(await take(consumer, 5)) == {one.task_id for one in waiting}


@services
async def test_a_consumer_may_begin_while_the_broker_is_away(broker: RabbitBroker, proxy: Proxy) -> None:
    await proxy.go_away()
    async with broker.consume(["default"], prefetch=1) as consumer:
        await proxy.listen()
        await is_heard(broker, consumer)


@services
async def test_a_quiet_consumer_with_its_hands_full_is_not_taken_for_lost(
    broker: RabbitBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.broker.rabbitmq.link.PROBE_EVERY", timedelta(seconds=0.05))
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


@services
async def test_a_consumer_never_has_more_than_prefetch_in_hand_even_after_a_loss(
    broker: RabbitBroker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    await broker.publish([message(), message()])
    async with broker.consume(["default"], prefetch=2) as consumer:
        stale = await take(consumer, 2)
        proxy.cut()
        await eventually(lambda: logged(caplog, "is back for the consumer"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(aiter(consumer))
        await stale[0].ack()
        assert len(await take(consumer, 1)) == 1


@services
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


@services
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


@services
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


@services
async def test_an_error_of_the_body_comes_out_as_it_was(broker: RabbitBroker) -> None:
    with pytest.raises(KeyError, match="ours"):
        async with broker.consume(["default"], prefetch=2):
            raise KeyError("ours")


# --- What is published


@services
async def test_a_message_that_finds_no_queue_has_it_made_and_is_published_again(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    assert await broker.publish([message("reports")]) == [True]
    before = broker.generation
    await operator.delete_queue(topology.route("reports").queue)
    assert await broker.publish([message("reports"), message("default"), message("reports")]) == [True] * 3
    await eventually(depth_is(broker, "reports", 2))
    await eventually(depth_is(broker, "default", 1))
    assert broker.generation == before + 1


@services
async def test_the_same_task_twice_without_a_queue_is_not_confirmed_in_error(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    await operator.delete_queue(topology.queue)
    sent = message()
    assert await broker.publish([sent, sent]) == [True, True]
    await eventually(depth_is(broker, "default", 2))


@services
async def test_a_dead_letter_that_finds_no_queue_has_it_made(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    await operator.delete_queue(topology.dead)
    letter = DeadLetter(b"not json", "unreadable")
    assert await broker.dead_letter([letter]) == [True]
    assert await operator.take_dead_letters(1) == [letter]


@services
async def test_a_message_is_persistent_json_under_its_tasks_id(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    sent = message(greeting="grüße")
    await broker.publish([sent])
    received = await operator.get(topology.queue)
    properties = received.header.properties
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert properties.message_id == sent.task_id
    assert (received.exchange, received.routing_key) == (topology.exchange, topology.routing_key)
    assert json.loads(received.body)["payload"] == {"greeting": "grüße"}


@services
async def test_a_body_larger_than_a_frame_arrives_whole(broker: RabbitBroker) -> None:
    sent = [message(size=size, text="x" * size) for size in (131_000, 131_072, 400_000, 1)]
    assert await broker.publish(sent) == [True] * 4
    async with broker.consume(["default"], prefetch=4) as consumer:
        assert [delivery.body for delivery in await take(consumer, 4)] == [one.encode() for one in sent]


@services
async def test_a_dead_letter_of_a_foreign_body_may_have_any_reason_and_task(
    broker: RabbitBroker, operator: Operator
) -> None:
    letters = [DeadLetter(b"", "no body"), DeadLetter(b"{}", "x" * 200_000, "y" * 300)]
    assert await broker.dead_letter(letters) == [True, True]
    first, second = await operator.take_dead_letters(2)
    assert first == letters[0]
    assert (second.body, second.task_id) == (b"{}", None)
    assert letters[1].reason.startswith(second.reason)


@services
async def test_another_programs_message_is_consumed(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    await operator.publish(b"any bytes", topology.exchange, topology.routing_key)
    async with broker.consume(["default"], prefetch=1) as consumer:
        (delivery,) = await take(consumer, 1)
        assert delivery.body == b"any bytes"


@services
async def test_a_caller_that_gives_up_does_not_disturb_the_others(broker: RabbitBroker) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(broker.publish([message() for _ in range(50)])) for _ in range(20)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.sleep(0.001)
        calls[1].cancel()
    assert [call.result() for call in calls[3::2]] == [[True] * 50] * 9
    assert await broker.publish([message()]) == [True]


@services
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


# --- What stops a start


@services
async def test_a_queue_made_differently_stops_the_start_in_one_sentence(
    rabbitmq_url: str, operator: Operator, topology: Topology
) -> None:
    async with operator.channel() as channel:
        await channel.queue_declare(topology.queue, durable=True)
    with pytest.raises(TopologyConflict, match="x-queue-type") as caught:
        await start(rabbitmq_url, topology, attempts=10)
    sentence = str(caught.value)
    assert topology.queue in sentence
    assert "delete it" in sentence
    assert "RABBITMQ_QUEUE" in sentence
    assert "\n" not in sentence


@services
async def test_an_exchange_of_another_type_stops_the_start(
    rabbitmq_url: str, operator: Operator, topology: Topology
) -> None:
    async with operator.channel() as channel:
        await channel.exchange_declare(topology.exchange, exchange_type="direct", durable=True)
    with pytest.raises(TopologyConflict, match="RABBITMQ_EXCHANGE") as caught:
        await start(rabbitmq_url, topology, attempts=10)
    assert topology.exchange in str(caught.value)
    assert "direct" in str(caught.value)


@services
async def test_a_queue_made_differently_stops_its_consumer(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    async with operator.channel() as channel:
        await channel.queue_declare(topology.route("reports").queue, durable=True)
    with pytest.raises(TopologyConflict):
        async with broker.consume(["reports"], prefetch=1):
            pass
    assert await broker.publish([message("reports"), message("default")]) == [False, True]


@services
async def test_a_conflict_that_arises_later_is_told_and_heals_when_it_is_gone(
    broker: RabbitBroker, operator: Operator, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker.consume(["default"], prefetch=1) as consumer:
        async with operator.channel() as channel:
            await replace_queue(channel, topology.queue)
        await eventually(lambda: logged(caplog, "has to wait"))
        await operator.delete_queue(topology.queue)
        await is_heard(broker, consumer)


@services
async def test_a_refused_login_stops_the_start_at_once(
    rabbitmq_url: str, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(BrokerUnavailable, match="ACCESS_REFUSED") as caught:
        await start(with_login(rabbitmq_url, "nobody:secret-word"), topology, attempts=10)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text


async def test_a_start_without_a_broker_gives_up_after_its_attempts_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(BrokerUnavailable, match="tried 3 times") as caught:
        await start("amqp://guest:secret-word@127.0.0.1:9/", Topology(), attempts=3)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text
    assert len(caplog.records) == 2


@pytest.mark.parametrize("url", ["redis://secret-word@127.0.0.1", "amqp://u:secret-word@host:port/", "amqp:///", ""])
async def test_an_address_that_is_none_stops_the_start_without_showing_it(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match="not an address") as caught:
        await start(url, Topology(), attempts=10)
    assert "secret-word" not in str(caught.value)


# --- Names


def test_the_default_queue_has_the_documented_names_and_every_other_a_suffix() -> None:
    topology = Topology()
    assert topology.route("default") == Route("task.topic", "task.created", "task.created")
    assert topology.route("reports") == Route("task.topic", "task.created.reports", "task.created.reports")
    assert topology.dead_route == Route("task.dead", "", "task.dead")


@pytest.mark.parametrize(
    ("version", "quorum"), [(b"3.10.8", True), ("4.1.0", True), (b"3.8.0-rc.1", True), ("3.7.28", False), ("", False)]
)
def test_queues_are_quorum_queues_where_the_broker_has_them(version: Any, quorum: bool) -> None:
    assert queue_arguments({"version": version}) == ({"x-queue-type": "quorum"} if quorum else {})


async def start(url: str, topology: Topology, *, attempts: int) -> None:
    async with open_rabbitmq(url, topology=topology, attempts=attempts, backoff=SOON):
        pass


async def taken(broker: RabbitBroker, sent: TaskMessage) -> bool:
    return await broker.publish([sent]) == [True]


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.message for record in caplog.records if record.levelno >= logging.WARNING)


async def break_channel(consumer: RabbitConsumer) -> None:
    """Have the broker close the consumer's channel: by acknowledging, on it, what was never delivered."""
    session = consumer._session
    assert session
    await session.channel.basic_ack(1_000_000)


async def replace_queue(channel: Any, queue: str, arguments: dict[str, str] | None = None) -> None:
    """Delete it and, before its consumer is back, make it again."""
    await channel.queue_delete(queue)
    await channel.queue_declare(queue, durable=True, arguments=arguments)


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


def with_login(url: str, login: str) -> str:
    address = urlsplit(url)
    return address._replace(netloc=f"{login}@{address.netloc.rpartition('@')[2]}").geturl()
