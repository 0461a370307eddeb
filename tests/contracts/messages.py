"""Messages to try a broker with, and what one asks about them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

from taskflow.infra.broker import Broker, Consumer, Delivery, TaskMessage
from tests.contracts.waiting import PATIENCE, eventually

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HEALED_WITHIN = 6.0  # seconds, once the service is back: five, and one for a busy machine


def message(queue: str = "default", **payload: object) -> TaskMessage:
    return TaskMessage(task_id=str(uuid4()), queue=queue, payload=payload or None, requested_at=NOON)


async def take(consumer: Consumer, count: int) -> list[Delivery]:
    deliveries: list[Delivery] = []
    async with asyncio.timeout(PATIENCE):
        async for delivery in consumer:
            deliveries.append(delivery)
            if len(deliveries) == count:
                break
    return deliveries


def ids(deliveries: list[Delivery]) -> set[str]:
    return {json.loads(delivery.body)["task_id"] for delivery in deliveries}


async def is_heard(broker: Broker, consumer: Consumer, *, within: float = HEALED_WITHIN) -> None:
    """A message published now arrives, whether or not older ones come first."""
    sent = message()
    async with asyncio.timeout(within):
        await eventually(lambda: taken(broker, sent))
        async for delivery in consumer:
            await delivery.ack()
            if ids([delivery]) == {sent.task_id}:
                return


async def taken(broker: Broker, sent: TaskMessage) -> bool:
    return await broker.publish([sent]) == [True]


def depth_is(broker: Broker, queue: str, depth: int) -> Callable[[], Awaitable[bool]]:
    async def matches() -> bool:
        return await broker.depth(queue) == depth

    return matches
