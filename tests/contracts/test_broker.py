"""What every broker promises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from taskflow.infra.broker import Broker, DeadLetter
from tests.contracts.messages import depth_is, ids, message, take
from tests.contracts.waiting import PATIENCE, eventually


async def test_a_published_message_arrives_as_the_documented_bytes(broker: Broker) -> None:
    sent = message(greeting="grüße")
    assert await broker.publish([sent]) == [True]
    async with broker.consume(["default"], prefetch=1) as consumer:
        (delivery,) = await take(consumer, 1)
        assert delivery.body == sent.encode()
        await delivery.ack()


async def test_messages_of_one_publisher_arrive_in_order(broker: Broker) -> None:
    sent = [message(number=number) for number in range(250)]
    assert await broker.publish(sent) == [True] * 250
    async with broker.consume(["default"], prefetch=250) as consumer:
        assert [delivery.body for delivery in await take(consumer, 250)] == [one.encode() for one in sent]


async def test_publishing_nothing_confirms_nothing(broker: Broker) -> None:
    assert await broker.publish([]) == []
    assert await broker.dead_letter([]) == []


async def test_the_same_task_may_be_published_twice_in_one_call(broker: Broker) -> None:
    sent = message()
    assert await broker.publish([sent, sent]) == [True, True]
    async with broker.consume(["default"], prefetch=2) as consumer:
        assert len(await take(consumer, 2)) == 2


async def test_calls_at_the_same_time_are_each_answered(broker: Broker) -> None:
    answers = await asyncio.gather(*(broker.publish([message() for _ in range(7)]) for _ in range(30)))
    assert answers == [[True] * 7] * 30
    await eventually(depth_is(broker, "default", 210))


async def test_a_message_waits_for_a_consumer_that_does_not_exist_yet(broker: Broker) -> None:
    assert await broker.publish([message("later")]) == [True]
    await eventually(depth_is(broker, "later", 1))
    async with broker.consume(["later"], prefetch=1) as consumer:
        assert len(await take(consumer, 1)) == 1


async def test_a_message_reaches_a_consumer_that_already_waits(broker: Broker) -> None:
    async with broker.consume(["default"], prefetch=1) as consumer, asyncio.TaskGroup() as group:
        waiting = group.create_task(take(consumer, 1))
        sent = message()
        assert await broker.publish([sent]) == [True]
        assert ids(await waiting) == {sent.task_id}


async def test_a_queue_has_its_own_messages_only(broker: Broker) -> None:
    await broker.publish([message("reports"), message("default"), message("reports")])
    async with broker.consume(["reports"], prefetch=10) as consumer:
        assert len(await take(consumer, 2)) == 2
        await eventually(depth_is(broker, "default", 1))


async def test_one_consumer_serves_several_queues(broker: Broker) -> None:
    sent = [message("default"), message("reports"), message("mail.out")]
    await broker.publish(sent)
    async with broker.consume(["default", "reports", "mail.out"], prefetch=3) as consumer:
        assert ids(await take(consumer, 3)) == {one.task_id for one in sent}


async def test_a_consumer_has_at_most_prefetch_deliveries_unacknowledged(broker: Broker) -> None:
    await broker.publish([message() for _ in range(5)])
    async with broker.consume(["default"], prefetch=2) as consumer:
        first, _ = await take(consumer, 2)
        await eventually(depth_is(broker, "default", 3))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(aiter(consumer))
        await first.ack()
        assert len(await take(consumer, 1)) == 1
        await eventually(depth_is(broker, "default", 2))


async def test_each_queue_of_a_consumer_has_its_turn_however_full_the_others_are(broker: Broker) -> None:
    await broker.publish([message("default") for _ in range(50)])
    await broker.publish([message("reports") for _ in range(3)])
    async with broker.consume(["default", "reports"], prefetch=2) as consumer:
        for _ in range(12):
            (one,) = await take(consumer, 1)
            await one.ack()
        await eventually(depth_is(broker, "reports", 0))


async def test_an_acknowledged_delivery_does_not_come_back(broker: Broker) -> None:
    await broker.publish([message(), message()])
    async with broker.consume(["default"], prefetch=1) as consumer:
        (done,) = await take(consumer, 1)
        await done.ack()
    async with broker.consume(["default"], prefetch=2) as consumer:
        assert ids(await take(consumer, 1)).isdisjoint(ids([done]))
        await eventually(depth_is(broker, "default", 0))


async def test_unacknowledged_delivery_comes_back_when_its_consumer_closes(broker: Broker) -> None:
    sent = [message() for _ in range(4)]
    await broker.publish(sent)
    async with broker.consume(["default"], prefetch=2) as consumer:
        await take(consumer, 2)
    async with broker.consume(["default"], prefetch=4) as consumer:
        assert ids(await take(consumer, 4)) == {one.task_id for one in sent}


async def test_a_delivery_that_nobody_iterated_comes_back_when_its_consumer_closes(broker: Broker) -> None:
    await broker.publish([message(), message()])
    async with broker.consume(["default"], prefetch=2):
        await eventually(depth_is(broker, "default", 0))
    await eventually(depth_is(broker, "default", 2))


async def test_unacknowledged_deliveries_move_to_another_consumer_that_waits(broker: Broker) -> None:
    async with broker.consume(["default"], prefetch=10) as heir, asyncio.TaskGroup() as group:
        async with broker.consume(["default"], prefetch=10):
            await broker.publish([message() for _ in range(6)])
        waiting = group.create_task(take(heir, 6))
        assert len(ids(await waiting)) == 6


async def test_consumers_of_one_queue_share_its_messages(broker: Broker) -> None:
    sent = [message() for _ in range(4)]
    async with (
        broker.consume(["default"], prefetch=2) as one,
        broker.consume(["default"], prefetch=2) as other,
    ):
        await broker.publish(sent)
        assert ids(await take(one, 2)) | ids(await take(other, 2)) == {each.task_id for each in sent}


async def test_acknowledging_twice_or_after_closing_is_harmless(broker: Broker) -> None:
    await broker.publish([message(), message()])
    async with broker.consume(["default"], prefetch=2) as consumer:
        first, late = await take(consumer, 2)
        await first.ack()
        await first.ack()
    await late.ack()
    async with broker.consume(["default"], prefetch=2) as consumer:
        assert ids(await take(consumer, 1)) == ids([late])


async def test_after_stop_iteration_ends_and_what_is_in_hand_can_be_acknowledged(broker: Broker) -> None:
    await broker.publish([message() for _ in range(3)])
    async with broker.consume(["default"], prefetch=2) as consumer:
        (in_hand,) = await take(consumer, 1)
        await consumer.stop()
        async with asyncio.timeout(PATIENCE):
            assert [delivery async for delivery in consumer] == []
        await in_hand.ack()
        await eventually(depth_is(broker, "default", 2))
    await eventually(depth_is(broker, "default", 2))


async def test_stop_wakes_a_reader_that_waits(broker: Broker) -> None:
    async with broker.consume(["default"], prefetch=1) as consumer, asyncio.TaskGroup() as group:
        waiting = group.create_task(take(consumer, 1))
        await asyncio.sleep(0)
        await consumer.stop()
        await consumer.stop()
        assert await waiting == []


async def test_closing_ends_the_iteration(broker: Broker) -> None:
    async with broker.consume(["default"], prefetch=1) as consumer:
        pass
    assert await take(consumer, 1) == []


async def test_depth_of_a_queue_that_is_not_there_is_zero(broker: Broker) -> None:
    assert await broker.depth("nowhere") == 0
    assert await broker.depth("nowhere") == 0


async def test_depth_counts_what_waits(broker: Broker) -> None:
    await broker.publish([message() for _ in range(3)])
    await eventually(depth_is(broker, "default", 3))


async def test_a_dead_letter_keeps_its_body_reason_and_task(
    broker: Broker, take_dead_letters: Callable[[int], Awaitable[list[DeadLetter]]]
) -> None:
    letters = [
        DeadLetter(b"\xff not json", "not a task message"),
        DeadLetter(message().encode(), "attempts used up: ValueError: grüße", str(uuid4())),
    ]
    assert await broker.dead_letter(letters) == [True, True]
    assert await take_dead_letters(2) == letters


async def test_a_message_that_is_not_json_is_the_publishers_error(broker: Broker) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await broker.publish([message(), message(number=float("nan"))])
    assert await broker.depth("default") == 0


async def test_a_quiet_broker_keeps_its_generation(broker: Broker) -> None:
    before = broker.generation
    await broker.publish([message()])
    async with broker.consume(["default"], prefetch=1) as consumer:
        (delivery,) = await take(consumer, 1)
        await delivery.ack()
    assert broker.generation == before


async def test_ping_answers(broker: Broker) -> None:
    await broker.ping()
