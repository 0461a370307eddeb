"""What is submitted arrives as it was meant: by handler and by kind, with each option."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow import Client
from taskflow.errors import Conflict
from tests.client import handlers
from tests.client.handlers import Order, Receipt, nothing_to_say, order

ORDER = Order(sku="A-1", count=3)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("handler", [handlers.order, handlers.plain])
async def test_handler_takes_a_model_and_gives_one(tasks: Client, handler: Callable[[Order], Any]) -> None:
    assert await (await tasks.submit(handler, ORDER)).result(timeout=20) == Receipt(sku="A-1", total=30)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("handler", [handlers.order_with_context, handlers.plain_with_context])
async def test_handler_with_a_context_is_submitted_alike(tasks: Client, handler: Any) -> None:
    handle = await tasks.submit(handler, ORDER)
    assert await handle.result(timeout=20) == Receipt(sku=handle.id, total=30)


@pytest.mark.usefixtures("worker")
async def test_payload_may_be_json_that_validates_as_the_model(tasks: Client) -> None:
    handle = await tasks.submit(order, {"sku": "A-1", "count": 3})  # type: ignore[arg-type]
    assert await handle.result(timeout=20) == Receipt(sku="A-1", total=30)


@pytest.mark.usefixtures("worker")
async def test_handler_without_a_payload_needs_none(tasks: Client) -> None:
    assert await (await tasks.submit(nothing_to_say)).result(timeout=20) == 7


@pytest.mark.usefixtures("worker")
async def test_kind_alone_gives_the_result_as_json(tasks: Client) -> None:
    handle = await tasks.submit("plain", {"sku": "A-1"})
    assert await handle.result(timeout=20) == {"sku": "A-1", "total": 10}
    assert await tasks.handle(handle.id, handlers.plain).result(timeout=20) == Receipt(sku="A-1", total=10)


async def test_title_is_the_kind_and_queue_the_handlers_own_when_none_is_given(tasks: Client) -> None:
    by_handler = await (await tasks.submit(order, ORDER)).task()
    assert (by_handler.title, by_handler.kind, by_handler.queue) == ("order", "order", "shop")
    assert by_handler.payload == {"sku": "A-1", "count": 3}
    by_kind = await (await tasks.submit("anything")).task()
    assert (by_kind.title, by_kind.kind, by_kind.queue, by_kind.payload) == ("anything", "anything", "default", None)


async def test_every_option_is_on_the_task(tasks: Client) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    handle = await tasks.submit(order, ORDER, title="Three", queue="slow", run_at=at, max_attempts=9, key="k-1")
    task = await handle.task()
    assert (task.title, task.queue, task.run_at, task.max_attempts) == ("Three", "slow", at, 9)
    assert (task.idempotency_key, task.status, task.attempt) == ("k-1", "PENDING", 0)


@pytest.mark.parametrize("delay", [3600, timedelta(hours=1)])
async def test_delay_counts_from_now(tasks: Client, delay: float | timedelta) -> None:
    began = datetime.now(UTC)
    task = await (await tasks.submit(order, ORDER, delay=delay)).task()
    assert task.run_at
    assert timedelta() <= task.run_at - began - timedelta(hours=1) < timedelta(minutes=1)


async def test_run_at_in_another_zone_is_the_same_instant(tasks: Client) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    there = at.astimezone(datetime.now().astimezone().tzinfo)
    assert (await (await tasks.submit(order, ORDER, run_at=there)).task()).run_at == at


async def test_same_key_is_the_same_task_and_another_input_a_conflict(tasks: Client) -> None:
    first = await tasks.submit(order, ORDER, key="k-1")
    assert (await tasks.submit(order, ORDER, key="k-1")).id == first.id
    with pytest.raises(Conflict, match="key"):
        await tasks.submit(order, Order(sku="B-2"), key="k-1")
    assert [one.id async for one in tasks.list()] == [first.id]


async def test_submit_many_keeps_the_order_and_takes_handlers_kinds_and_options(tasks: Client) -> None:
    handles = await tasks.submit_many([(order, ORDER), ("other", None), (order, Order(sku="B-2"), {"title": "Last"})])
    found = [await handle.task() for handle in handles]
    assert [(one.kind, one.title, one.queue) for one in found] == [
        ("order", "order", "shop"),
        ("other", "other", "default"),
        ("order", "Last", "shop"),
    ]
    assert await tasks.submit_many([]) == []
