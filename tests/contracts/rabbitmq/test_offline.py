"""What needs no broker: names, and starts that come to nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from taskflow.infra.broker import BrokerUnavailable
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
    with pytest.raises(BrokerUnavailable, match="RABBITMQ_URL takes a") as caught:
        await start(url, Topology(), attempts=10)
    assert "secret-word" not in str(caught.value)


def test_the_default_queue_has_the_documented_names_and_every_other_a_suffix() -> None:
    topology = Topology()
    assert topology.route("default") == Route("task.topic", "task.created", "task.created")
    assert topology.route("reports") == Route("task.topic", "task.created.reports", "task.created.reports")
    assert topology.dead_route == Route("task.dead", "", "task.dead", named_by=None)


def test_a_queue_type_is_asked_for_only_where_it_is_set() -> None:
    assert {route.queue_type for route in (Topology().route("mail"), Topology().dead_route)} == {""}
    topology = Topology(queue_type="quorum")
    routes = topology.route("default"), topology.route("mail"), topology.dead_route
    assert {route.queue_type for route in routes} == {"quorum"}


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
