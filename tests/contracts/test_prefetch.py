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
