"""get and list: a task as the contract has it, every condition, and any number of pages."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from taskflow import Client
from taskflow.db.lifecycle import TaskStatus
from tests.client.front import Front
from tests.client.handlers import Order, order


async def test_get_gives_the_whole_task_or_none(tasks: Client) -> None:
    handle = await tasks.submit(order, Order(sku="A-1"), title="One", key="k-1")
    found = await tasks.get(handle.id)
    assert found == await handle.task()
    assert found
    assert (found.id, found.title, found.kind, found.queue) == (handle.id, "One", "order", "shop")
    assert (found.status, found.attempt, found.version, found.idempotency_key) == (TaskStatus.PENDING, 0, 1, "k-1")
    assert found.created_at.tzinfo == UTC
    assert abs((datetime.now(UTC) - found.created_at).total_seconds()) < 60
    assert (found.result, found.error, found.progress, found.finished_at, found.duration_ms) == (None,) * 5
    assert await tasks.get("nonsense") is None


async def test_tasks_are_frozen(tasks: Client) -> None:
    found = await (await tasks.submit("kind")).task()
    with pytest.raises(AttributeError):
        found.title = "Another"  # type: ignore[misc]


async def test_list_goes_over_all_pages_the_newest_first(tasks: Client, front: Front) -> None:
    handles = await tasks.submit_many([("kind", {"number": number}) for number in range(250)])
    found = [info.id async for info in tasks.list()]
    assert sorted(found) == sorted(handle.id for handle in handles)
    assert len(found) == len(set(found)) == 250
    assert front.count("tasks(") == 3
    newest = await tasks.submit("kind")
    assert (await anext(tasks.list())).id == newest.id


CONDITIONS: list[tuple[dict[str, Any], int]] = [
    ({"status": "CANCELLED"}, 3),
    ({"status": TaskStatus.PENDING}, 208),
    ({"status": ["PENDING", TaskStatus.CANCELLED]}, 211),
    ({"status": []}, 211),
    ({"kind": "b"}, 105),
    ({"kind": ["b", "c"]}, 106),
    ({"queue": "slow"}, 105),
    ({"queue": ("slow", "nowhere")}, 105),
    ({"search": "spec"}, 1),
    ({"status": "PENDING", "kind": "b", "queue": "slow"}, 102),
    ({"kind": "nothing"}, 0),
]


async def test_each_condition_holds_on_every_page(tasks: Client) -> None:
    await tasks.submit_many([("a", None)] * 105)
    slow = await tasks.submit_many([("b", None, {"queue": "slow"})] * 105)
    await tasks.submit("c", title="Something special")
    await asyncio.gather(*(handle.cancel() for handle in slow[50:53]))
    for conditions, expected in CONDITIONS:
        assert len([info async for info in tasks.list(**conditions)]) == expected, conditions
