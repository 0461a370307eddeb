"""Other programs at the same broker, as documented: whoever comes first, both work, and a queue is used as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractExchange, AbstractQueue
from aiormq.exceptions import ChannelPreconditionFailed
from yarl import URL

from taskflow.infra.broker import TaskMessage
from taskflow.infra.broker.rabbitmq import RabbitBroker, open_rabbitmq
from taskflow.infra.broker.topology import Topology
from tests.contracts.messages import ids, message, take
from tests.contracts.operator import Operator, cleaned, rabbitmqctl
from tests.contracts.rabbitmq.conftest import SOON
from tests.contracts.waiting import PATIENCE

pytestmark = pytest.mark.services


@dataclass(frozen=True)
class Place:
    """Where both meet, and under which names."""

    url: str
    topology: Topology


@pytest.fixture(params=["own", "classic", "quorum"])
async def place(request: pytest.FixtureRequest, rabbitmq_url: str, topology: Topology) -> AsyncIterator[Place]:
    """Where a queue is of the broker's own type, or of this one, unless somebody says otherwise."""
    if request.param == "own":
        async with cleaned(rabbitmq_url, topology):
            yield Place(rabbitmq_url, topology)
        return
    name, address = f"test-{uuid4()}", URL(rabbitmq_url)
    await asyncio.to_thread(rabbitmqctl, "add_vhost", name, "--default-queue-type", request.param)
    try:
        rights = [address.user or "guest", ".*", ".*", ".*"]
        await asyncio.to_thread(rabbitmqctl, "set_permissions", "-p", name, *rights)
        url = str(address.with_path(f"/{name}"))
        try:
            await (await aio_pika.connect(url)).close()
        except aio_pika.exceptions.CONNECTION_EXCEPTIONS as error:
            pytest.skip(f"rabbitmqctl here is another broker's, so this one has no virtual host for the test: {error}")
        yield Place(url, Topology())  # the documented names are nobody else's there
    finally:
        await asyncio.to_thread(rabbitmqctl, "delete_vhost", name)


class Peer:
    """A program that knows nothing but the documented names and body."""

    def __init__(self, exchange: AbstractExchange, queue: AbstractQueue, routing_key: str) -> None:
        self._exchange = exchange
        self._queue = queue
        self._routing_key = routing_key

    async def publish(self, sent: TaskMessage) -> None:
        body = {
            "task_id": sent.task_id,
            "payload": {"message": "Task complete"},
            "requested_at": "2025-10-13T02:30:00Z",
        }
        message = aio_pika.Message(
            json.dumps(body).encode(),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=sent.task_id,
        )
        await self._exchange.publish(message, routing_key=self._routing_key)

    async def receive(self) -> dict[str, Any]:
        async with self._queue.iterator(timeout=PATIENCE) as messages:
            async for one in messages:
                await one.ack()
                body: dict[str, Any] = json.loads(one.body)
                return body
        raise AssertionError("the iterator ended")


@asynccontextmanager
async def open_peer(place: Place) -> AsyncIterator[Peer]:
    names = place.topology
    async with await aio_pika.connect(place.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(names.exchange, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(names.queue, durable=True)
        await queue.bind(exchange, names.routing_key)
        yield Peer(exchange, queue, names.routing_key)


def open_ours(place: Place) -> AbstractAsyncContextManager[RabbitBroker]:
    return open_rabbitmq(place.url, topology=place.topology, attempts=1, backoff=SOON)


async def talk(ours: RabbitBroker, peer: Peer) -> None:
    """A message each way."""
    sent = message()
    assert await ours.publish([sent]) == [True]
    assert await peer.receive() == {
        "task_id": sent.task_id,
        "payload": None,
        "requested_at": "2026-01-31T12:00:00.000000Z",
    }
    sent = message()
    await peer.publish(sent)
    async with ours.consume(["default"], prefetch=1) as consumer:
        (delivery,) = await take(consumer, 1)
        assert ids([delivery]) == {sent.task_id}
        await delivery.ack()


async def test_a_peer_that_comes_first_is_worked_with(place: Place) -> None:
    async with open_peer(place) as peer, open_ours(place) as ours:
        await talk(ours, peer)


async def test_a_peer_that_comes_second_is_not_refused(place: Place) -> None:
    async with open_ours(place) as ours, open_peer(place) as peer:
        await talk(ours, peer)


@pytest.mark.parametrize("asked", ["classic", "quorum"])
async def test_queues_are_of_the_type_that_is_asked_for(
    rabbitmq_url: str, operator: Operator, topology: Topology, asked: str
) -> None:
    async with open_ours(Place(rabbitmq_url, replace(topology, queue_type=asked))) as ours:
        assert await ours.publish([message("reports")]) == [True]
        for queue in (topology.queue, topology.dead, topology.route("reports").queue):
            await is_of_type(rabbitmq_url, queue, asked)


async def is_of_type(url: str, queue: str, wanted: str) -> None:
    """The broker refuses another."""
    async with await aio_pika.connect(url) as connection:
        for one in ("classic", "quorum"):
            channel = await connection.channel()
            if one == wanted:
                await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": one})
            else:
                with pytest.raises(ChannelPreconditionFailed):
                    await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": one})


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        ("", {"durable": True, "arguments": {"x-queue-type": "quorum"}}),
        ("quorum", {"durable": True}),
        ("", {"durable": True, "arguments": {"x-max-length": 5, "x-message-ttl": 60_000}}),
        ("", {"durable": False}),
    ],
    ids=["quorum", "classic", "arguments", "transient"],
)
async def test_a_queue_that_is_there_is_used_and_bound_as_it_is(
    rabbitmq_url: str, operator: Operator, topology: Topology, asked: str, options: dict[str, Any]
) -> None:
    async with operator.channel() as channel:
        for queue in (topology.queue, topology.dead):
            await channel.queue_declare(queue, **options)
    async with (
        open_ours(Place(rabbitmq_url, replace(topology, queue_type=asked))) as ours,
        ours.consume(["default"], prefetch=1) as consumer,
    ):
        sent = message()
        assert await ours.publish([sent]) == [True]
        assert ids(await take(consumer, 1)) == {sent.task_id}


async def test_a_topic_exchange_that_is_there_is_used_as_it_is(
    rabbitmq_url: str, operator: Operator, topology: Topology
) -> None:
    async with operator.channel() as channel:
        await channel.exchange_declare(topology.exchange, exchange_type="topic", durable=False)
    async with open_ours(Place(rabbitmq_url, topology)) as ours:
        assert await ours.publish([message()]) == [True]
