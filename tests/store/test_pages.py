"""What lists promise: every row that passes, once, in order, whichever way it is read; counts that agree; histories."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import pages, queries, searching, tasks
from taskflow.db.counting import Count, count
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent, Task
from taskflow.db.outcome import Cancelled, Failed, Succeeded, TaskError
from taskflow.db.queries import Filter, Order, OrderField
from taskflow.db.words import is_found
from tests.store.steps import NOON, SECOND, all_tasks, create, create_one, finish, history, new, start, started

ORDERS = [Order(field, descending) for field in OrderField for descending in (True, False)]
FILTERS = [
    Filter(),
    Filter(statuses=(TaskStatus.DONE,)),
    Filter(statuses=(TaskStatus.PENDING, TaskStatus.FAILED, TaskStatus.PENDING)),
    Filter(kinds=("a",)),
    Filter(kinds=("A", "b", "nobody's")),
    Filter(queues=("q1", "q2")),
    Filter(statuses=(TaskStatus.DONE, TaskStatus.PENDING), kinds=("a", "b"), queues=("q1",)),
    Filter(created_after=NOON + 3 * SECOND),
    Filter(created_before=NOON + 3 * SECOND, statuses=(TaskStatus.DONE,)),
    Filter(created_after=NOON + 2 * SECOND, created_before=NOON + 4 * SECOND),
    Filter(search="apple"),
    Filter(search="app red", kinds=("a",)),
    Filter(search="re", statuses=(TaskStatus.PENDING, TaskStatus.DONE)),
]


@pytest.fixture
async def rows(engine: AsyncEngine) -> list[Task]:
    """Forty tasks of all sorts; many share an instant, so that the id decides."""
    chance = random.Random(7)
    for second in range(8):
        some = [
            new(
                title=" ".join(chance.sample(["Red", "green", "apple-pie", "Application", "reed", "it"], 3)),
                kind=chance.choice("abA"),
                queue=chance.choice(["q1", "q2", "q3"]),
            )
            for _ in range(5)
        ]
        await tasks.create(engine, [some], now=NOON + (second // 2) * 2 * SECOND)
        await finish(engine, await start(engine, some[0].id, now=NOON + 20 * SECOND), now=NOON + 20 * SECOND)
    return await all_tasks(engine)


def expected(rows: Sequence[Task], where: Filter, order: Order) -> list[str]:
    passing = [
        task
        for task in rows
        if (not where.statuses or task.status in where.statuses)
        and (not where.kinds or task.kind in where.kinds)
        and (not where.queues or task.queue in where.queues)
        and (where.created_after is None or task.created_at >= where.created_after)
        and (where.created_before is None or task.created_at < where.created_before)
        and (where.search is None or is_found(where.search, task.title))
    ]
    return [task.id for task in sorted(passing, key=order.key, reverse=order.descending)]


async def walk(engine: AsyncEngine, where: Filter, order: Order, limit: int) -> list[str]:
    """All pages, one after another."""
    found: list[str] = []
    after = None
    while page := await queries.page(engine, where, order, after=after, limit=limit):
        assert len(page) <= limit
        found += [task.id for task in page]
        after = order.key(page[-1])
    return found


async def test_pages_hold_every_row_that_passes_once_and_in_order(engine: AsyncEngine, rows: list[Task]) -> None:
    for where, order in itertools.product(FILTERS, ORDERS):
        assert await walk(engine, where, order, 7) == expected(rows, where, order), (where, order)
        assert await count(engine, where) == Count(len(expected(rows, where, order)), False), where


async def test_a_page_is_the_same_whichever_way_it_is_read(
    engine: AsyncEngine, rows: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of an index, or sorted because it is few; by reading titles, or by the index of words."""
    for few, next_ in [(0, 1), (1000, 3)]:
        monkeypatch.setattr(pages, "FEW", few)
        monkeypatch.setattr(pages, "FEW_OF_A_TIME", few)
        monkeypatch.setattr(searching, "NEXT", next_)
        for where, order in itertools.product(FILTERS, ORDERS):
            assert await walk(engine, where, order, 9) == expected(rows, where, order), (where, order, few, next_)


async def test_pages_stay_whole_while_tasks_are_created(engine: AsyncEngine) -> None:
    """A key, not an offset: what comes before a page does not shift it."""
    before = [task.id for task in await create(engine, 9)]
    first = await queries.page(engine, Filter(), Order(), after=None, limit=4)
    await create(engine, 3, now=NOON + SECOND)
    rest = await queries.page(engine, Filter(), Order(), after=Order().key(first[-1]), limit=10)
    assert sorted(task.id for task in first + rest) == sorted(before)


# --- search


@pytest.mark.parametrize(
    ("title", "search"),
    [
        ("Example Task", "example"),
        ("Example Task", "TASK exa"),
        ("Send the weekly report", "the"),
        ("resize-image_large.png", "image_l png"),
        ("Übergröße prüfen", "übergrö"),
        ("Übergröße prüfen", "PRÜ"),
        ("(urgent) [EU] «règlement»", "urgent eu règl"),
        ("Q3: A/B test", "q3 b a"),
        ("don't panic", "don't"),
        ("naïve café", "café"),
        ("漢字 テスト", "漢字"),
        ("order 20260131-0042", "0042"),
        ("C++ & 100% of it", "100% c++"),
        ("deploy 🚀 now", "now"),
    ],
)
async def test_a_word_of_the_title_is_found_by_its_beginning(
    engine: AsyncEngine, title: str, search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await create_one(engine, title=title)
    await create_one(engine, title="Something else")
    for next_ in (10_000, 1):
        monkeypatch.setattr(searching, "NEXT", next_)
        found = await queries.page(engine, Filter(search=search), Order(), after=None, limit=10)
        assert [one.id for one in found] == [task.id], next_


@pytest.mark.parametrize(
    ("title", "search"),
    [
        ("Example Task", "ample"),
        ("Example Task", "example x"),
        ("préfixe", "fixe"),
        ("été", "t"),
        ("100 percent", "%"),
        ("100 percent", "1_0"),
        ("Example Task", '"'),
        ("Example Task", "' OR 1=1 --"),
        ("Example Task", "*"),
        ("Example Task", "NEAR(example task) foo"),
    ],
)
async def test_what_begins_no_word_of_the_title_is_not_found(
    engine: AsyncEngine, title: str, search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_one(engine, title=title)
    for next_ in (10_000, 1):
        monkeypatch.setattr(searching, "NEXT", next_)
        assert await queries.page(engine, Filter(search=search), Order(), after=None, limit=10) == []


async def test_a_whole_id_is_found(engine: AsyncEngine) -> None:
    task, _ = await create(engine, 2)
    found = await queries.page(engine, Filter(search=f" {task.id} "), Order(), after=None, limit=10)
    assert [one.id for one in found] == [task.id]
    assert await count(engine, Filter(search=task.id)) == Count(1, False)
    filtered = Filter(search=task.id, statuses=(TaskStatus.DONE,))
    assert await queries.page(engine, filtered, Order(), after=None, limit=10) == []


# --- counts, histories, replays


async def test_every_status_is_counted_zeros_included(engine: AsyncEngine) -> None:
    assert await queries.count_by_status(engine) == dict.fromkeys(TaskStatus, 0)
    await create(engine, 3)
    await finish(engine, await started(engine), Cancelled())
    counted = await queries.count_by_status(engine)
    assert counted == dict.fromkeys(TaskStatus, 0) | {TaskStatus.PENDING: 3, TaskStatus.CANCELLED: 1}


async def test_histories_come_together_oldest_first(engine: AsyncEngine) -> None:
    done, waiting = await started(engine), await create_one(engine)
    await finish(engine, done, Failed(TaskError(type="Boom", message="it broke", traceback=None), SECOND))
    found = await queries.histories(engine, [waiting.id, "no-such-task", done.task.id])
    assert [event.status for event in found[done.task.id]] == ["PENDING", "PROCESSING", "PENDING"]
    assert [event.version for event in found[waiting.id]] == [1]
    assert found["no-such-task"] == []
    assert await queries.histories(engine, []) == {}


async def test_changes_are_read_after_an_id_in_its_order(engine: AsyncEngine) -> None:
    assert await queries.last_event_id(engine) == 0
    claimed = await started(engine)
    await finish(engine, claimed, Succeeded(1))
    first, second, third = (event.id for event in await history(engine, claimed.task.id))
    assert [one.event_id for one in await queries.recorded(engine, after=first, limit=10)] == [second, third]
    assert [one.event_id for one in await queries.recorded(engine, after=0, limit=2)] == [first, second]
    assert await queries.event_ids(engine, after=first, limit=10) == [second, third]
    assert await queries.last_event_id(engine) == await queries.last_event_id(engine, claimed.task.id) == third
    other = await create_one(engine)
    mine = await queries.recorded(engine, after=0, limit=10, task_id=claimed.task.id)
    assert [one.version for one in mine] == [1, 2, 3]
    among = await queries.recorded(engine, after=0, limit=10, among=[first, third])
    assert [one.event_id for one in among] == [first, third]
    assert await queries.last_event_id(engine, other.id) > third


async def test_the_present_state_comes_with_the_id_of_the_last_event(engine: AsyncEngine) -> None:
    claimed = await started(engine)
    present = await queries.present(engine, claimed.task.id)
    last = (await history(engine, claimed.task.id))[-1]
    assert present == StatusEvent.of(claimed.task, last.id)
    assert await queries.present(engine, "no-such-task") is None


async def test_a_replay_begins_before_what_was_seen_by_as_much_as_commits_overlap(engine: AsyncEngine) -> None:
    """Ids are given before the commit: one below the last that was seen may have become visible since."""
    await create_one(engine, now=NOON)
    seen = await queries.last_event_id(engine)
    await create(engine, 3, now=NOON + timedelta(minutes=1))
    last = await queries.last_event_id(engine)
    start_at = await queries.replay_start(engine, last)
    assert [one for one in await queries.event_ids(engine, after=start_at, limit=10) if one > seen] == [
        last - 2,
        last - 1,
        last,
    ]
    assert await queries.replay_start(engine, seen) < seen
    assert await queries.replay_start(engine, 0) == 0
