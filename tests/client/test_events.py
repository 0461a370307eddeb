"""What a handle's events() and a client's events() tell, and in which order."""

import asyncio
import uuid
from contextlib import aclosing
from dataclasses import fields

import pytest

from taskflow import Client
from taskflow.graph.services import Services
from taskflow.infra.resources import Resources
from tests.client.handlers import GATES, Order, again, broken, held, nothing_to_say
from tests.client.working import shop_worker
from tests.contracts.waiting import eventually

FIELDS = ["id", "task_id", "status", "message", "attempt", "progress", "version", "updated_at"]


async def test_present_state_comes_first_then_each_change_and_progress_to_the_end(
    tasks: Client, resources: Resources
) -> None:
    sku = str(uuid.uuid4())
    handle = await tasks.submit(held, Order(sku=sku))
    async with aclosing(handle.events()) as events:
        seen = [await anext(events)]
        async with shop_worker(resources):
            async for event in events:
                seen.append(event)
                if event.progress == 0.5:
                    GATES[sku].set()
    assert list(dict.fromkeys(event.status for event in seen)) == ["PENDING", "PROCESSING", "DONE"]
    assert [event.version for event in seen] == sorted(event.version for event in seen)
    assert (0.5, "half of it", 1) in [(event.progress, event.message, event.attempt) for event in seen]


async def test_event_has_the_fields_of_the_contract_and_aware_times(tasks: Client) -> None:
    handle = await tasks.submit("kind")
    event = await anext(handle.events())
    assert [one.name for one in fields(event)] == FIELDS
    assert (event.task_id, event.status, event.attempt, event.version) == (handle.id, "PENDING", 0, 1)
    assert (event.message, event.progress) == (None, None)
    assert event.updated_at == (await handle.task()).updated_at
    assert event.updated_at.utcoffset() is not None
    with pytest.raises(AttributeError):
        event.version = 2  # type: ignore[misc]


@pytest.mark.usefixtures("worker")
async def test_task_that_ended_before_anybody_watched_is_one_event(tasks: Client) -> None:
    handle = await tasks.submit(nothing_to_say)
    await handle.result(timeout=20)
    [event] = [event async for event in handle.events()]
    assert event.status == "DONE"


@pytest.mark.usefixtures("worker")
async def test_events_end_with_a_task_that_failed(tasks: Client) -> None:
    handle = await tasks.submit(broken, Order(sku="A-1"))
    seen = [event async for event in handle.events()]
    assert [event.status for event in seen][-1] == "FAILED"


async def test_every_watcher_of_a_task_is_told_everything(tasks: Client, resources: Resources) -> None:
    handle = await tasks.submit(again)

    async def versions() -> list[int]:
        return [event.version async for event in handle.events()]

    async with aclosing(handle.events()) as first:
        assert (await anext(first)).version == 1
        others = [asyncio.create_task(versions()) for _ in range(3)]
        await asyncio.sleep(0)
        async with shop_worker(resources):
            assert await asyncio.gather(*others) == [[1, 2, 3, 4, 5]] * 3
        assert [event.version async for event in first] == [2, 3, 4, 5]


async def test_events_of_all_tasks_begin_now_and_tell_of_each(tasks: Client, services: Services) -> None:
    await tasks.submit("before")
    async with aclosing(tasks.events()) as events:
        first = asyncio.create_task(anext(events))

        async def subscribed() -> bool:
            return services.hub.watchers == 1

        await eventually(subscribed)
        handles = [await tasks.submit("after") for _ in range(3)]
        seen = [await first] + [await anext(events) for _ in range(2)]
    assert [event.task_id for event in seen] == [handle.id for handle in handles]
