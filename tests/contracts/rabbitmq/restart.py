"""What a client of RabbitMQ promises of a restart: for a test that has a broker of its own to restart."""

from __future__ import annotations

import asyncio

from taskflow.infra.broker.rabbitmq import open_rabbitmq
from tests.contracts.messages import HEALED_WITHIN, ids, is_heard, message, take, taken
from tests.contracts.operator import cleaned, new_topology
from tests.contracts.rabbitmq.conftest import SOON
from tests.contracts.waiting import eventually
from tests.services.server import Server


async def everything_heals_after_a_restart(node: Server) -> None:
    """While it is away nothing is confirmed; then publisher and consumer go on, and what waited still waits."""
    topology = new_topology()
    async with (
        cleaned(node.url, topology),
        open_rabbitmq(node.url, topology=topology, attempts=1, backoff=SOON) as broker,
    ):
        waiting = [message() for _ in range(5)]
        async with broker.consume(["default"], prefetch=2) as consumer:
            await is_heard(broker, consumer)
            await consumer.stop()
            assert await broker.publish(waiting) == [True] * 5
        async with broker.consume(["reports"], prefetch=2) as reports:
            before = broker.generation
            await asyncio.to_thread(node.stop)
            assert await broker.publish([message()]) == [False]
            await asyncio.to_thread(node.start)
            sent = message("reports")
            async with asyncio.timeout(HEALED_WITHIN):
                await eventually(lambda: taken(broker, sent))
                assert ids(await take(reports, 1)) == {sent.task_id}
            assert broker.generation > before
        async with broker.consume(["default"], prefetch=5) as consumer:
            assert ids(await take(consumer, 5)) == {one.task_id for one in waiting}
