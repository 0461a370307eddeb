"""How MySQL and MariaDB read: what EXPLAIN says of the statements that really go out, at 40 000 rows or a million.

TASKFLOW_LARGE=1 loads the million, which takes minutes, and holds latencies too.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import backlog, dispatch, figures, finishing, pages, queries, retention, tasks
from taskflow.db.finishing import Finish
from taskflow.db.leases import Lease, extend_leases
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.outcome import Succeeded
from taskflow.db.queries import Filter, Order, OrderField
from taskflow.db.rescue import record_lost
from taskflow.db.tasks import Claimed
from taskflow.db.titles import read_titles
from taskflow.db.waiting import oldest_due
from tests.store.databases import on_servers, run
from tests.store.explain import Step, explain, sent
from tests.store.large import BEGIN, LARGE, ROWS, engine, filled
from tests.store.steps import LEASE, NOON, claim, create, mark

__all__ = ["engine", "filled"]

pytestmark = [on_servers, pytest.mark.timeout(1200 if LARGE else 120)]

FILTERS: Final = {
    "all": Filter(),
    "one status": Filter(statuses=(TaskStatus.DONE,)),
    "a rare status": Filter(statuses=(TaskStatus.PROCESSING,)),
    "several statuses": Filter(statuses=(TaskStatus.PENDING, TaskStatus.FAILED, TaskStatus.CANCELLED)),
    "one kind": Filter(kinds=("kind3",)),
    "many kinds": Filter(kinds=tuple(f"kind{number}" for number in range(7))),
    "one queue": Filter(queues=("queue1",)),
    "several queues": Filter(queues=("queue1", "queue2")),
    "a status and a kind": Filter(statuses=(TaskStatus.DONE,), kinds=("kind4",)),
    "a time": Filter(created_after=BEGIN + timedelta(hours=1), created_before=BEGIN + timedelta(hours=9)),
    "a long time": Filter(created_before=BEGIN + timedelta(days=1)),
    "a status and a time": Filter(statuses=(TaskStatus.DONE,), created_after=BEGIN + timedelta(hours=1)),
}
ORDERS: Final = [Order(field, descending) for field in OrderField for descending in (True, False)]
MIDDLE: Final = (BEGIN + timedelta(seconds=ROWS), "00009c40-0000-7000-8000-000000000000")


async def plan_of_page(engine: AsyncEngine, where: Filter, order: Order, *, after: Any = None) -> list[Step]:
    with sent(engine) as statements:
        await queries.page(engine, where, order, after=after, limit=51)
    return await explain(engine, statements)


@pytest.mark.parametrize("name", FILTERS)
async def test_a_page_is_read_in_the_order_of_an_index(
    engine: AsyncEngine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "FEW", -1)
    monkeypatch.setattr(pages, "FEW_OF_A_TIME", -1)
    for order, after in itertools.product(ORDERS, [None, MIDDLE]):
        for step in await plan_of_page(engine, FILTERS[name], order, after=after):
            assert step.key, (step, order, after)
            assert step.access != "ALL", (step, order, after)
            assert not step.sorts, (step, order, after)


@pytest.mark.parametrize("column", ["status", "kind"])
async def test_which_rows_of_a_status_or_kind_pass_is_known_without_reading_them(
    engine: AsyncEngine, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "FEW", -1)
    where = Filter(kinds=("kind4",), queues=("queue1",))
    if column == "status":
        where = replace(where, statuses=(TaskStatus.FAILED, TaskStatus.DONE))
    steps = [step for step in await plan_of_page(engine, where, Order()) if step.key == f"idx_tasks_{column}"]
    assert steps
    assert all("Using index" in step.extra.split("; ") for step in steps), steps


async def test_few_rows_are_sorted_rather_than_looked_for_among_all(engine: AsyncEngine) -> None:
    by_change = Order(OrderField.UPDATED_AT)
    steps = await plan_of_page(engine, Filter(statuses=(TaskStatus.PROCESSING,)), by_change)
    assert {step.key for step in steps} == {"idx_tasks_status", "PRIMARY"}
    steps = await plan_of_page(engine, Filter(statuses=(TaskStatus.DONE,), kinds=("nobody's",)), Order())
    assert steps[-1].key == "idx_tasks_kind"


async def test_a_frequent_word_is_found_without_the_index_of_words(engine: AsyncEngine) -> None:
    for where in (Filter(search="task"), Filter(search="exam wor", statuses=(TaskStatus.DONE,))):
        steps = await plan_of_page(engine, where, Order(), after=MIDDLE)
        assert all(step.key and step.access != "ALL" and not step.sorts for step in steps), steps


async def test_a_rare_word_is_found_by_the_index_of_words(engine: AsyncEngine) -> None:
    steps = await plan_of_page(engine, Filter(search=f"{ROWS // 3}"), Order())
    assert (steps[-1].access, steps[-1].key) == ("fulltext", "idx_tasks_words")


async def test_rows_whose_titles_are_not_read_yet_are_found_by_their_index(engine: AsyncEngine) -> None:
    with sent(engine) as statements:
        assert await read_titles(engine) == 0
    (step,) = await explain(engine, statements)
    assert (step.access, step.key) == ("ref", "idx_tasks_unread")


async def test_an_id_is_found_by_its_key(engine: AsyncEngine) -> None:
    (task,) = await queries.page(engine, Filter(), Order(), after=MIDDLE, limit=1)
    with sent(engine) as statements:
        assert await queries.page(engine, Filter(search=task.id), Order(), after=None, limit=51) == [task]
    assert {step.key for step in await explain(engine, statements)} == {"PRIMARY"}


async def test_what_is_due_and_what_was_lost_is_found_by_the_dispatch_index(engine: AsyncEngine) -> None:
    with sent(engine) as statements:
        before = BEGIN - timedelta(days=1)
        await dispatch.take_due(engine, now=before, limit=100)
        await record_lost(engine, now=before, limit=100, jitter=lambda: 0.0)
        later = BEGIN + timedelta(days=99)
        await dispatch.make_due_again(engine, queue="queue1", now=later, untouched_since=later - LEASE, limit=10)
        await dispatch.next_due(engine)
    steps = await explain(engine, statements)
    assert steps
    assert {step.key for step in steps} == {"idx_tasks_dispatch", "PRIMARY"}
    assert all(step.access in ("range", "ref") for step in steps), steps


async def test_since_when_the_oldest_waits_is_found_without_reading_rows(engine: AsyncEngine) -> None:
    with sent(engine) as statements:
        began = time.perf_counter()
        found = await oldest_due(engine, now=BEGIN + timedelta(days=99))
        took = time.perf_counter() - began
    assert set(found) == {"queue0", "queue1"}
    steps = [step for step in await explain(engine, statements) if step.key != "idx_tasks_queue"]
    assert steps
    assert {(step.key, step.sorts, "Using index" in step.extra) for step in steps} == {
        ("idx_tasks_dispatch", False, True)
    }
    assert not LARGE or took < 0.02


async def test_names_are_found_by_a_loose_index_scan(engine: AsyncEngine) -> None:
    with sent(engine) as statements:
        assert await figures.queues(engine) == [f"queue{number}" for number in range(5)]
        assert await figures.kinds(engine) == [f"kind{number}" for number in range(10)]
    steps = [step for step in await explain(engine, statements) if step.key]
    assert [(step.key, "Using index for group-by" in step.extra) for step in steps] == [
        ("idx_tasks_queue", True),
        ("idx_tasks_kind", True),
    ]


async def test_what_waits_is_counted_in_the_dispatch_index(engine: AsyncEngine) -> None:
    with sent(engine) as statements:
        waiting, outbox = await backlog.backlog(engine, BEGIN + timedelta(days=99))
    assert sum(one.count for one in waiting.values()) == ROWS // 50
    assert ROWS // 100 <= outbox.count < ROWS // 90  # some of other tests fall due, too
    steps = [step for step in await explain(engine, statements) if step.key != "idx_tasks_queue"]
    assert steps
    assert {step.key for step in steps} == {"idx_tasks_dispatch"}
    assert all(step.access in ("range", "ref") for step in steps), steps
    counts = await explain(engine, [one for one in statements if "count(" in one[0]])
    assert len(counts) == 2
    assert all("Using index" in step.extra for step in counts), counts


async def test_events_are_read_by_their_keys(engine: AsyncEngine) -> None:
    some = [task.id for task in await queries.page(engine, Filter(), Order(), after=MIDDLE, limit=50)]
    with sent(engine) as statements:
        await queries.histories(engine, some)
        await queries.last_event_id(engine, some[0])
        await queries.present(engine, some[0])
        await queries.event_ids(engine, after=ROWS // 2, limit=500)
        await queries.recorded(engine, after=ROWS // 2, limit=500)
        await queries.recorded(engine, after=0, limit=500, task_id=some[0])
        await queries.recorded(engine, after=0, limit=500, among=list(range(1000, 1200)))
        await queries.replay_start(engine, ROWS // 2)
    steps = await explain(engine, statements)
    assert {step.key for step in steps} == {"PRIMARY", "uq_task_events_task_id"}
    assert all(step.access in ("range", "ref", "eq_ref", "const") for step in steps), steps
    assert not any(step.sorts for step in steps), steps


async def test_a_task_lives_its_whole_life_by_key(engine: AsyncEngine) -> None:
    with sent(engine) as statements:
        some = await create(engine, 3)
        await mark(engine, *some)
        claims = [one for one in await claim(engine, [task.id for task in some]) if isinstance(one, Claimed)]
        leases = [Lease(one.task.id, one.claim, (0.5, "halfway")) for one in claims]
        await extend_leases(engine, leases, worker_id="w", now=NOON, lease=LEASE)
        await tasks.cancel(engine, some[0].id, now=NOON)
        await finishing.finish(engine, [Finish(one.task, Succeeded(1)) for one in claims], now=NOON)
    steps = [step for step in await explain(engine, statements) if step.access]
    assert {step.key for step in steps if step.access != "ALL"} <= {"PRIMARY", "uq_task_events_task_id"}
    assert not any(step.access in ("index", "fulltext") for step in steps)
    assert len(claims) == 3
    await run(engine, "DELETE FROM tasks WHERE worker_id = 'w'")


@pytest.mark.skipif(not LARGE, reason="TASKFLOW_LARGE=1 loads a million tasks")
async def test_no_page_of_a_million_takes_long(engine: AsyncEngine) -> None:
    searches = {
        f"search {word}": Filter(search=word)
        for word in ("task", "ex", "word77", "nothing", f"{ROWS // 3}", "हिन्दी", "C++")
    }
    slow: dict[str, float] = {}
    for (name, where), order, after in itertools.product((FILTERS | searches).items(), ORDERS, [None, MIDDLE]):
        began = time.perf_counter()
        await queries.page(engine, where, order, after=after, limit=51)
        took = time.perf_counter() - began
        if took > 2:
            slow[f"{name}, {order}, {after}"] = took
    assert slow == {}


async def test_what_has_ended_long_ago_is_found_by_its_end_and_deleted_by_key(engine: AsyncEngine) -> None:
    await run(engine, "UPDATE tasks SET finished_at = created_at WHERE kind = 'kind7'", "ANALYZE TABLE tasks")
    before, after = BEGIN + timedelta(hours=1), BEGIN + timedelta(minutes=1)
    with sent(engine) as statements:
        pruned = await retention.prune(engine, TaskStatus.DONE, before=before, after=after, limit=50)
    found, *rest = await explain(engine, statements)
    assert pruned.deleted == 50
    assert (found.access, found.key, found.sorts) == ("range", "idx_tasks_finished_at", False)
    assert "Using index" in found.extra
    steps = [(step.table, step.access, step.key) for step in rest]
    assert steps == [("tasks", "range", "PRIMARY"), ("task_events", "ref", "uq_task_events_task_id")]
