"""A quorum queue drops what comes back too often, in RabbitMQ 4 the 21st time by default: no task is lost by that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from taskflow.db import queries
from taskflow.db.lifecycle import TaskStatus
from taskflow.infra.broker.topology import Topology
from taskflow.infra.input import TaskInput
from taskflow.infra.new_task import validate
from taskflow.infra.resources import Resources, open_resources
from taskflow.infra.settings import Settings
from taskflow.infra.submitter import open_submitter
from taskflow.worker import builtin
from taskflow.worker.registry import Registry
from taskflow.working import work
from tests import services
from tests.contracts.operator import Operator
from tests.contracts.waiting import eventually
from tests.store.databases import migrate_at

pytestmark = pytest.mark.services
LIMIT = 20
SILENCE = 1.0
"""Seconds without a message, after which none is there."""


@asynccontextmanager
async def worker_on(resources: Resources) -> AsyncIterator[None]:
    stop = asyncio.Event()
    working = asyncio.create_task(work(resources, Registry.load([builtin]), stop))
    yield
    stop.set()
    await working


async def reject_until_it_is_dropped(url: str, queue: str) -> int:
    """Take the message and give it back, as a consumer does that crashes over it; how often it came."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        taken = await channel.get_queue(queue)
        times = 0
        with suppress(TimeoutError):
            async with taken.iterator(timeout=SILENCE) as messages:
                async for message in messages:
                    times += 1
                    await message.reject(requeue=True)
        return times


async def test_task_runs_although_the_broker_dropped_its_message(
    rabbitmq_url: str, operator: Operator, topology: Topology, tmp_path: Path
) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/taskflow.db"
    await migrate_at(database)
    async with operator.channel() as channel:
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        if services.find("rabbitmq")[1].startswith("RabbitMQ 3"):  # has no limit of its own
            arguments["x-delivery-limit"] = LIMIT
        await channel.queue_declare(topology.queue, durable=True, arguments=arguments)
    settings = Settings(
        db_url=database,
        redis_url="memory://",
        rabbitmq_url=rabbitmq_url,
        rabbitmq_exchange=topology.exchange,
        rabbitmq_queue=topology.queue,
        rabbitmq_routing_key=topology.routing_key,
        worker_republish_after=timedelta(seconds=1),
    )
    async with open_resources(settings) as resources:
        async with open_submitter(resources) as submitter:
            inputs = [TaskInput("Often rejected", payload={"message": "Task complete"})]
            (task,) = (await submitter.create(validate(inputs, payload_max_bytes=1000))).tasks

            async def published() -> bool:
                return (await queries.get(resources.engine, [task.id]))[task.id].dispatch_at is None

            await eventually(published)
        assert await reject_until_it_is_dropped(rabbitmq_url, topology.queue) == LIMIT + 1
        assert await resources.broker.depth("default") == 0

        async def done() -> bool:
            return (await queries.get(resources.engine, [task.id]))[task.id].status is TaskStatus.DONE

        async with worker_on(resources):
            await eventually(done, within=20)
