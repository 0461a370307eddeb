"""A connection that ends while something is asked of it: who asks learns that it is gone, and nothing else fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import aio_pika
import pytest
from yarl import URL

from taskflow.infra.broker.rabbitmq.consumer import RabbitConsumer
from taskflow.infra.broker.rabbitmq.link import Lost
from taskflow.infra.broker.rabbitmq.nodes import Nodes
from taskflow.infra.broker.rabbitmq.session import Session
from taskflow.infra.broker.rabbitmq.transport import connected
from tests.contracts.operator import new_topology


class Ending:
    """Ends as a lost connection does: its consumer forgets it before the call has failed."""

    def __init__(self, consumer: RabbitConsumer) -> None:
        self.consumer = consumer
        self.reason = ""
        self.prefetch = 0

    async def want(self, prefetch: int, queues: Sequence[str]) -> None:
        self.consumer._session = None
        raise Lost("the connection is gone")

    def end(self, reason: str) -> None:
        self.reason = reason


async def test_a_session_that_ends_meanwhile_is_told_why() -> None:
    consumer = RabbitConsumer(Nodes([URL("amqp://nowhere/")]), new_topology(), ["default"], 1, lambda: None)
    ending = Ending(consumer)
    consumer._session = cast(Session, ending)
    await consumer.want(3)
    assert "the connection is gone" in ending.reason


async def test_a_broker_that_goes_away_during_the_handshake_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """What aiormq raises then would leave a context manager as a RuntimeError, and end a process that starts."""

    async def connect(self: aio_pika.Connection, timeout: float | None = None) -> None:
        raise StopAsyncIteration

    monkeypatch.setattr(aio_pika.Connection, "connect", connect)
    with pytest.raises(ConnectionResetError, match="before it was open"):
        async with connected(URL("amqp://127.0.0.1:9/"), "test"):
            raise AssertionError
