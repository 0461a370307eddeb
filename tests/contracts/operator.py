"""Another client of the same RabbitMQ: it looks at what the broker holds, breaks things, and cleans up after a test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import uuid4

import aiormq
import pytest
from aiormq.abc import AbstractChannel, AbstractConnection, DeliveredMessage

from taskflow.infra.broker import DeadLetter
from taskflow.infra.broker.topology import Topology
from tests.contracts.waiting import eventually


def new_topology() -> Topology:
    """Names that nobody else has."""
    name = f"test.{uuid4()}"
    return Topology(exchange=name, queue=name, routing_key=name, dead=f"{name}.dead")


class Operator:
    """Every call on a channel of its own: RabbitMQ closes the channel on which a call failed."""

    def __init__(self, connection: AbstractConnection, topology: Topology) -> None:
        self._connection = connection
        self._topology = topology

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        channel = await self._connection.channel()
        try:
            yield channel
        finally:
            await channel.close()

    async def get(self, queue: str) -> DeliveredMessage:
        """Take the next message, waiting until there is one."""
        async with self.channel() as channel:
            taken: list[DeliveredMessage] = []

            async def there_is_one() -> bool:
                message = await channel.basic_get(queue, no_ack=True)
                taken.append(message)
                return message.delivery_tag is not None

            await eventually(there_is_one)
            return taken[-1]

    async def take_dead_letters(self, count: int) -> list[DeadLetter]:
        return [as_dead_letter(await self.get(self._topology.dead)) for _ in range(count)]

    async def publish(self, body: bytes, exchange: str, routing_key: str, **properties: Any) -> None:
        async with self.channel() as channel:
            await channel.basic_publish(
                body,
                exchange=exchange,
                routing_key=routing_key,
                mandatory=True,
                properties=aiormq.spec.Basic.Properties(**properties),
            )

    async def delete_queue(self, queue: str) -> None:
        async with self.channel() as channel:
            await channel.queue_delete(queue)

    async def replace_queue(self, arguments: dict[str, Any] | None = None, *, exclusive: bool = False) -> None:
        """Delete the default queue and, before its consumers are back, make it again."""
        names = self._topology
        async with self.channel() as channel:
            await channel.queue_delete(names.queue)
            await channel.queue_declare(names.queue, durable=not exclusive, exclusive=exclusive, arguments=arguments)
            await channel.queue_bind(names.queue, names.exchange, names.routing_key)

    async def delete_everything(self, queues: list[str]) -> None:
        async with self.channel() as channel:
            for queue in queues:
                await channel.queue_delete(queue)
            for exchange in (self._topology.exchange, self._topology.dead):
                await channel.exchange_delete(exchange)


@asynccontextmanager
async def open_operator(url: str, topology: Topology) -> AsyncIterator[Operator]:
    async with aiormq.connect(url) as connection:
        yield Operator(connection, topology)


@asynccontextmanager
async def cleaned(url: str, topology: Topology) -> AsyncIterator[None]:
    """Whatever a test makes in its body is deleted after it."""
    yield
    async with aiormq.connect(url) as connection:
        names = [topology.route(queue).queue for queue in ("default", "later", "reports", "mail.out", "nowhere")]
        await Operator(connection, topology).delete_everything([*names, topology.dead])


def as_dead_letter(message: DeliveredMessage) -> DeadLetter:
    properties = message.header.properties
    headers = cast("dict[str, Any]", properties.headers or {})
    return DeadLetter(message.body, str(headers["x-taskflow-reason"]), properties.message_id or None)


def rabbitmqctl(*arguments: str) -> str:
    """Run it, or skip the test where it can't be run."""
    command = shutil.which("rabbitmqctl")
    if command is None:
        pytest.skip("rabbitmqctl is not installed here, so the broker can't be told to close a connection")
    done = subprocess.run([command, "--quiet", *arguments], capture_output=True, text=True, check=False, timeout=50)
    if done.returncode:
        pytest.skip(f"rabbitmqctl {arguments[0]} can't be run here: {done.stderr.strip().splitlines()[:1]}")
    return done.stdout
