"""How a message looks on the wire of RabbitMQ, and queues that are gone when one is published."""

from __future__ import annotations

import asyncio
import json

import pytest

from taskflow.infra.broker import DeadLetter
from taskflow.infra.broker.rabbitmq import RabbitBroker
from taskflow.infra.broker.topology import Topology
from tests.contracts.messages import depth_is, message, take
from tests.contracts.operator import Operator
from tests.contracts.waiting import eventually

pytestmark = pytest.mark.services


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


async def test_many_callers_that_find_no_queue_make_it_once(
    broker: RabbitBroker, operator: Operator, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    before = broker.generation
    await operator.delete_queue(topology.queue)
    answers = await asyncio.gather(*(broker.publish([message(), message()]) for _ in range(10)))
    assert answers == [[True, True]] * 10
    await eventually(depth_is(broker, "default", 20))
    assert broker.generation == before + 1
    assert len(caplog.records) == 1


async def test_the_same_task_twice_without_a_queue_is_not_confirmed_in_error(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    await operator.delete_queue(topology.queue)
    sent = message()
    assert await broker.publish([sent, sent]) == [True, True]
    await eventually(depth_is(broker, "default", 2))


async def test_a_dead_letter_that_finds_no_queue_has_it_made(
    broker: RabbitBroker, operator: Operator, topology: Topology
) -> None:
    await operator.delete_queue(topology.dead)
    letter = DeadLetter(b"not json", "unreadable")
    assert await broker.dead_letter([letter]) == [True]
    assert await operator.take_dead_letters(1) == [letter]


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


async def test_a_body_larger_than_a_frame_arrives_whole(broker: RabbitBroker) -> None:
    sent = [message(size=size, text="x" * size) for size in (131_000, 131_072, 400_000, 1)]
    assert await broker.publish(sent) == [True] * 4
    async with broker.consume(["default"], prefetch=4) as consumer:
        assert [delivery.body for delivery in await take(consumer, 4)] == [one.encode() for one in sent]


async def test_a_dead_letter_of_a_foreign_body_may_have_any_reason_and_task(
    broker: RabbitBroker, operator: Operator
) -> None:
    letters = [DeadLetter(b"", "no body"), DeadLetter(b"{}", "x" * 200_000, "y" * 300)]
    assert await broker.dead_letter(letters) == [True, True]
    first, second = await operator.take_dead_letters(2)
    assert first == letters[0]
    assert (second.body, second.task_id) == (b"{}", None)
    assert letters[1].reason.startswith(second.reason)


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
