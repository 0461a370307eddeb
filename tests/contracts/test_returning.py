"""What a delivery tells of where it comes from, and what a broker does with a body that is somebody else's."""

from __future__ import annotations

from taskflow.infra.broker import Broker, ForeignMessage
from tests.contracts.messages import depth_is, message, take
from tests.contracts.waiting import eventually


async def test_a_foreign_body_is_published_as_it_is(broker: Broker) -> None:
    bodies = [b"\xff\x00 not json", b"", b'{"task_id": 1}']
    assert await broker.publish([ForeignMessage(body, "reports") for body in bodies]) == [True] * 3
    async with broker.consume(["reports"], prefetch=3) as consumer:
        assert [delivery.body for delivery in await take(consumer, 3)] == bodies


async def test_a_delivery_names_the_queue_that_brought_it(broker: Broker) -> None:
    sent = [message("default"), message("reports"), message("mail.out")]
    await broker.publish(sent)
    async with broker.consume(["default", "reports", "mail.out"], prefetch=3) as consumer:
        queues = {delivery.body: delivery.queue for delivery in await take(consumer, 3)}
        await consumer.want(5)
        await broker.publish([message("reports")])
        (later,) = await take(consumer, 1)
    assert queues == {one.encode(): one.queue for one in sent}
    assert later.queue == "reports"


async def test_a_delivery_tells_whether_it_was_handed_out_before(broker: Broker) -> None:
    await broker.publish([message("default", number=1)])
    async with broker.consume(["default"], prefetch=1) as consumer:
        (first,) = await take(consumer, 1)
    await broker.publish([message("default", number=2)])
    async with broker.consume(["default"], prefetch=2) as consumer:
        again, fresh = await take(consumer, 2)
    assert again.body == first.body
    assert [one.is_redelivered for one in (first, again, fresh)] == [False, True, False]


async def test_what_was_given_back_counts_as_waiting(broker: Broker) -> None:
    await broker.publish([message(), message()])
    async with broker.consume(["default"], prefetch=1) as consumer:
        await take(consumer, 1)
        await eventually(depth_is(broker, "default", 1))
    await eventually(depth_is(broker, "default", 2))
