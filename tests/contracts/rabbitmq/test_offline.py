"""What needs no broker: names, and starts that come to nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.broker.rabbitmq.declare import queue_arguments
from taskflow.infra.broker.rabbitmq.link import Lost, translated_errors
from taskflow.infra.broker.topology import Route, Topology
from tests.contracts.rabbitmq.conftest import start


async def test_a_start_without_a_broker_gives_up_after_its_attempts_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(BrokerUnavailable, match="tried 3 times") as caught:
        await start("amqp://guest:secret-word@127.0.0.1:9/", Topology(), attempts=3)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text
    assert len(caplog.records) == 2


@pytest.mark.parametrize("url", ["redis://secret-word@127.0.0.1", "amqp://u:secret-word@host:port/", "amqp:///", ""])
async def test_an_address_that_is_none_stops_the_start_without_showing_it(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match="not an address") as caught:
        await start(url, Topology(), attempts=10)
    assert "secret-word" not in str(caught.value)


def test_the_default_queue_has_the_documented_names_and_every_other_a_suffix() -> None:
    topology = Topology()
    assert topology.route("default") == Route("task.topic", "task.created", "task.created")
    assert topology.route("reports") == Route("task.topic", "task.created.reports", "task.created.reports")
    assert topology.dead_route == Route("task.dead", "", "task.dead", named_by=None)


@pytest.mark.parametrize(
    ("version", "quorum"), [(b"3.10.8", True), ("4.1.0", True), (b"3.8.0-rc.1", True), ("3.7.28", False), ("", False)]
)
def test_queues_are_quorum_queues_where_the_broker_has_them(version: Any, quorum: bool) -> None:
    assert queue_arguments({"version": version}) == ({"x-queue-type": "quorum"} if quorum else {})


async def test_an_end_that_nobody_asked_for_is_a_loss() -> None:
    for error in (asyncio.CancelledError(), Exception("bare")):
        with pytest.raises(Lost), translated_errors():
            raise error


async def test_a_cancellation_that_was_swallowed_comes_out_at_the_end() -> None:
    async def swallow() -> None:
        with translated_errors(), suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    task = asyncio.create_task(swallow())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_time_limit_inside_is_not_taken_for_a_cancellation() -> None:
    with translated_errors():
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        await asyncio.sleep(0)
