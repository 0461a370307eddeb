"""How many messages a consumer has in hand: as many as it wants at the moment."""

import asyncio

import pytest

from taskflow.infra.broker import Broker
from tests.contracts.messages import depth_is, ids, message, take
from tests.contracts.waiting import eventually


async def test_a_consumer_that_wants_nothing_gives_back_what_was_not_iterated(broker: Broker) -> None:
    await broker.publish([message() for _ in range(4)])
    async with broker.consume(["default"], prefetch=3) as consumer:
        (in_hand,) = await take(consumer, 1)
        await consumer.want(0)
        await eventually(depth_is(broker, "default", 3))
        await in_hand.ack()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(aiter(consumer))
        await eventually(depth_is(broker, "default", 3))


async def test_a_consumer_may_want_more_and_less_while_messages_flow(broker: Broker) -> None:
    sent = [message() for _ in range(40)]
    await broker.publish(sent[:20])
    got: set[str] = set()
    async with broker.consume(["default"], prefetch=1) as consumer:
        for wanted in (5, 0, 2, 2, 0, 10, 1, 30):
            await consumer.want(wanted)
            for delivery in await take(consumer, min(wanted, 4)) if wanted else ():
                got |= ids([delivery])
                await delivery.ack()
        await broker.publish(sent[20:])
        while len(got) < len(sent):
            for delivery in await take(consumer, 1):
                got |= ids([delivery])
                await delivery.ack()
    await eventually(depth_is(broker, "default", 0))


async def test_a_queue_that_is_left_out_gives_back_what_was_not_iterated_while_the_others_go_on(broker: Broker) -> None:
    await broker.publish([message("mail") for _ in range(3)])
    async with broker.consume(["default", "mail"], prefetch=5) as consumer:
        (in_hand,) = await take(consumer, 1)
        await consumer.want(5, without=["mail"])
        await eventually(depth_is(broker, "mail", 2))
        await in_hand.ack()
        sent = message()
        await broker.publish([message("mail"), sent])
        (delivery,) = await take(consumer, 1)
        assert ids([delivery]) == {sent.task_id}
        assert await broker.depth("mail") == 3
        await consumer.want(5)
        assert len(await take(consumer, 3)) == 3


async def test_a_consumer_may_begin_with_queues_left_out(broker: Broker) -> None:
    await broker.publish([message(), message("mail")])
    async with broker.consume(["default", "mail"], prefetch=0) as consumer:
        await consumer.want(5, without=["default", "mail"])
        await consumer.want(5, without=["default"])
        await take(consumer, 1)
        assert await broker.depth("default") == 1


async def test_a_consumer_that_wants_less_gives_back_what_is_beyond(broker: Broker) -> None:
    sent = [message() for _ in range(12)]
    await broker.publish(sent)
    async with broker.consume(["default"], prefetch=10) as consumer:
        (in_hand,) = await take(consumer, 1)
        await eventually(depth_is(broker, "default", 2))
        await consumer.want(3)
        async with broker.consume(["default"], prefetch=10) as other:
            elsewhere = await take(other, 8)
            here = await take(consumer, 2)
    assert ids([in_hand, *here]) == {one.task_id for one in sent[:3]}
    assert not ids(here) & ids(elsewhere)
