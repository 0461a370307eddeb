"""What a handle's methods come to: each end of a task, each state that forbids what is asked."""

import asyncio
import uuid
from contextlib import aclosing

import pytest

from taskflow import Client
from taskflow.errors import Conflict, NotFound, TaskCancelled, TaskFailed, UnreadableResult
from taskflow.infra.resources import Resources
from tests.client.handlers import GATES, Order, broken, held, nothing_to_say, order
from tests.client.working import shop_worker


@pytest.mark.usefixtures("worker")
async def test_failed_task_says_why(tasks: Client) -> None:
    handle = await tasks.submit(broken, Order(sku="A-1"))
    with pytest.raises(TaskFailed, match=r"of kind 'broken' failed with ValueError: no A-1 today") as failed:
        await handle.result(timeout=20)
    assert (failed.value.task_id, failed.value.kind) == (handle.id, "broken")
    assert (failed.value.error.type, failed.value.error.message) == ("ValueError", "no A-1 today")
    assert "in broken" in (failed.value.error.traceback or "")


async def test_cancelled_task_has_no_result(tasks: Client) -> None:
    handle = await tasks.submit(order, Order(sku="A-1"))
    assert (await handle.cancel()).status == "CANCELLED"
    with pytest.raises(TaskCancelled, match=handle.id) as cancelled:
        await handle.result(timeout=20)
    assert (cancelled.value.task_id, cancelled.value.kind) == (handle.id, "order")


async def test_timeout_is_the_builtin_and_leaves_the_task_alone(tasks: Client) -> None:
    handle = await tasks.submit(order, Order(sku="A-1"))
    with pytest.raises(TimeoutError, match=r"did not end within 0\.05 s. It goes on") as late:
        await handle.result(timeout=0.05)
    assert type(late.value) is TimeoutError
    assert (await handle.task()).status == "PENDING"


@pytest.mark.usefixtures("worker")
async def test_result_that_is_there_already_needs_no_time(tasks: Client) -> None:
    handle = await tasks.submit(nothing_to_say)
    assert await handle.result(timeout=20) == 7
    assert await tasks.handle(handle.id, nothing_to_say).result(timeout=20) == 7


@pytest.mark.parametrize("task_id", ["8adcde9d-35fc-49bd-8cf1-597da35168f5", "nonsense", ""])
async def test_every_method_says_that_there_is_no_such_task(tasks: Client, task_id: str) -> None:
    handle = tasks.handle(task_id)
    with pytest.raises(NotFound):
        await handle.task()
    with pytest.raises(NotFound):
        await handle.result(timeout=20)
    with pytest.raises(NotFound):
        await handle.cancel()
    with pytest.raises(NotFound):
        await handle.retry()
    with pytest.raises(NotFound):
        await anext(handle.events())
    assert await tasks.get(task_id) is None


async def test_cancel_and_retry_in_the_wrong_state_are_conflicts(tasks: Client) -> None:
    handle = await tasks.submit(order, Order(sku="A-1"))
    with pytest.raises(Conflict):
        await handle.retry()
    await handle.cancel()
    with pytest.raises(Conflict):
        await handle.cancel()
    assert (await handle.retry()).status == "PENDING"


async def test_handler_that_runs_is_asked_to_stop(tasks: Client, resources: Resources) -> None:
    handle = await tasks.submit(held, Order(sku=str(uuid.uuid4())))
    async with aclosing(handle.events()) as events:
        await anext(events)
        async with shop_worker(resources):
            await anext(event async for event in events if event.status == "PROCESSING")
            await handle.cancel()
            with pytest.raises(TaskCancelled):
                await handle.result(timeout=20)


@pytest.mark.usefixtures("worker")
async def test_result_of_another_type_is_unreadable_and_still_there_as_json(tasks: Client) -> None:
    handle = await tasks.submit(nothing_to_say)
    with pytest.raises(UnreadableResult, match="of kind 'nothing-to-say' gave another result") as unreadable:
        await tasks.handle(handle.id, order).result(timeout=20)
    assert isinstance(unreadable.value, ValueError)
    assert (await handle.task()).result == 7


@pytest.mark.usefixtures("worker")
async def test_many_callers_wait_for_one_task(tasks: Client) -> None:
    sku = str(uuid.uuid4())
    first = await tasks.submit(held, Order(sku=sku), key=sku)
    second = await tasks.submit(held, Order(sku=sku), key=sku)
    waiting = asyncio.gather(first.result(timeout=20), second.result(timeout=20))
    GATES[sku].set()
    assert [*await waiting] == [sku, sku]
