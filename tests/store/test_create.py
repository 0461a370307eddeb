"""What a create promises: all or none of a group, one row for a key, the first event with the row."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import tasks
from taskflow.db.errors import IdempotencyConflict
from taskflow.db.lifecycle import PUBLISH_GRACE, TaskStatus
from taskflow.db.tasks import Created
from tests.store.steps import LATER, NOON, all_tasks, create, create_one, get, history, new


async def test_a_created_task_reads_back_as_it_was_answered(engine: AsyncEngine) -> None:
    task = await create_one(engine, kind="resize", queue="images", run_at=LATER, max_attempts=5)
    assert await get(engine, task.id) == task
    assert (task.status, task.version, task.dispatch_at) == (TaskStatus.PENDING, 1, LATER)
    assert (task.created_at, task.updated_at) == (NOON, NOON)


async def test_a_created_task_is_recorded_and_announced_as_one_event(engine: AsyncEngine) -> None:
    (created,), (announced,) = await tasks.create(engine, [[new(title="Grüße", kind="k", queue="q")]], now=NOON)
    assert isinstance(created, Created)
    (event,) = await history(engine, created.tasks[0].id)
    assert (event.version, event.status, event.attempt, event.at) == (1, TaskStatus.PENDING, 0, NOON)
    assert (announced.event_id, announced.task_id, announced.version) == (event.id, event.task_id, 1)
    assert (announced.title, announced.kind, announced.queue) == ("Grüße", "k", "q")


async def test_a_creator_has_time_to_publish_before_a_dispatcher_does(engine: AsyncEngine) -> None:
    assert (await create_one(engine)).dispatch_at == NOON + PUBLISH_GRACE


async def test_tasks_come_back_in_the_order_asked_for(engine: AsyncEngine) -> None:
    wanted = [new(title=f"Task {number}") for number in range(30)]
    (created,), recorded = await tasks.create(engine, [wanted], now=NOON)
    assert isinstance(created, Created)
    assert [task.id for task in created.tasks] == [one.id for one in wanted]
    assert len({event.event_id for event in recorded}) == 30


async def test_creating_nothing_is_nothing(engine: AsyncEngine) -> None:
    assert await tasks.create(engine, [], now=NOON) == ([], [])
    assert await tasks.create(engine, [[]], now=NOON) == ([Created([], [])], [])


async def test_a_thousand_tasks_are_created_at_once(engine: AsyncEngine) -> None:
    created = await create(engine, 1000)
    assert len(await all_tasks(engine)) == len(created) == 1000


async def test_large_payloads_are_created_in_one_batch_whatever_a_packet_holds(engine: AsyncEngine) -> None:
    """120 payloads of 256 KiB are more than MariaDB takes in one packet."""
    payload = {"text": "x" * 262_000}
    created = await create(engine, 120, payload=payload)
    assert (await get(engine, created[-1].id)).payload == payload


# --- idempotency keys


async def test_a_second_create_with_a_key_gives_the_first_task(engine: AsyncEngine) -> None:
    first = await create_one(engine, idempotency_key="key")
    (again,), recorded = await tasks.create(engine, [[new(idempotency_key="key")]], now=LATER)
    assert again == Created([first], [False])
    assert recorded == []


async def test_a_key_with_another_input_is_a_conflict_that_names_the_first_task(engine: AsyncEngine) -> None:
    first = await create_one(engine, idempotency_key="key")
    (again,), recorded = await tasks.create(engine, [[new(idempotency_key="key", digest="other")]], now=LATER)
    assert isinstance(again, IdempotencyConflict)
    assert (again.key, again.task_id) == ("key", first.id)
    assert recorded == []


async def test_a_key_twice_in_one_group_makes_one_row(engine: AsyncEngine) -> None:
    (created,), recorded = await tasks.create(
        engine, [[new(idempotency_key="key"), new(), new(idempotency_key="key")]], now=NOON
    )
    assert isinstance(created, Created)
    assert created.is_new == [True, True, False]
    assert created.tasks[0] == created.tasks[2]
    assert len(await all_tasks(engine)) == len(recorded) == 2


async def test_a_key_in_two_groups_of_one_batch_makes_one_row(engine: AsyncEngine) -> None:
    groups = [[new(idempotency_key="key")], [new(idempotency_key="key")], [new(idempotency_key="key", digest="other")]]
    (first, second, third), _ = await tasks.create(engine, groups, now=NOON)
    (row,) = await all_tasks(engine)
    assert first == Created([row], [True])
    assert second == Created([row], [False])
    assert isinstance(third, IdempotencyConflict)
    assert third.task_id == row.id


async def test_a_conflict_takes_its_whole_group_with_it_and_no_other(engine: AsyncEngine) -> None:
    await create_one(engine, idempotency_key="key")
    spoiled = [new(idempotency_key="fresh"), new(idempotency_key="key", digest="other")]
    (conflict, fine), _ = await tasks.create(engine, [spoiled, [new(idempotency_key="fresh")]], now=NOON)
    assert isinstance(conflict, IdempotencyConflict)
    assert isinstance(fine, Created)
    assert fine.is_new == [True]
    assert len(await all_tasks(engine)) == 2


async def test_keys_differ_by_case_and_by_accents(engine: AsyncEngine) -> None:
    keys = ["key", "KEY", "kéy", "keÿ", "ke\u0301y", "🔑", "🗝"]
    (created,), _ = await tasks.create(engine, [[new(idempotency_key=key) for key in keys]], now=NOON)
    assert isinstance(created, Created)
    assert created.is_new == [True] * len(keys)


async def test_concurrent_creates_with_one_key_make_one_row(engine: AsyncEngine) -> None:
    answers = await asyncio.gather(
        *(tasks.create(engine, [[new(), new(idempotency_key="key")]], now=NOON) for _ in range(8))
    )
    created = [result for (result,), _ in answers if isinstance(result, Created)]
    assert len(created) == 8
    assert sum(one.is_new[1] for one in created) == 1
    assert len({one.tasks[1].id for one in created}) == 1
    assert len(await all_tasks(engine)) == 9


async def test_concurrent_batches_that_share_keys_in_other_orders_make_a_row_for_each(engine: AsyncEngine) -> None:
    keys = [f"key {number}" for number in range(12)]
    orders = [keys[turn:] + keys[:turn] for turn in range(0, 12, 2)]
    answers = await asyncio.gather(
        *(tasks.create(engine, [[new(idempotency_key=key)] for key in order], now=NOON) for order in orders)
    )
    ids: dict[str, str] = {}
    for order, (results, _) in zip(orders, answers, strict=True):
        for key, result in zip(order, results, strict=True):
            assert isinstance(result, Created)
            assert ids.setdefault(key, result.tasks[0].id) == result.tasks[0].id
    assert len(await all_tasks(engine)) == 12


async def test_an_id_that_is_taken_is_refused_and_leaves_nothing(engine: AsyncEngine) -> None:
    first = await create_one(engine)
    with pytest.raises(sa.exc.IntegrityError):
        await tasks.create(engine, [[new()], [new(id=first.id)]], now=NOON + timedelta(seconds=1))
    assert await all_tasks(engine) == [first]
