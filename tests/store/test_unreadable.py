"""A row that another program wrote, and that can't be read, is set aside: everybody else goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, queries, rescue
from taskflow.db.queries import Filter, Order, OrderField
from taskflow.db.rows import Written
from tests.store.databases import run
from tests.store.steps import LEASE, NOON, claim, create, due, get, start

BAD_ON_SQLITE = {
    "created_at is an epoch": "created_at = 1769850000",
    "created_at is a text": "created_at = 'yesterday'",
    "created_at is missing": "created_at = x'00ff'",
    "updated_at is an epoch": "updated_at = 1769850000",
    "a date that is none": "run_at = '2026-13-45'",
    "a due date that is none": "dispatch_at = '0'",
    "a status of another program's": "status = 'pending'",
    "a queue of 300 letters": f"queue = '{'q' * 300}'",
    "an attempt that is a text": "attempt = 'first'",
    "a version that is a float": "version = 1.5",
    "an error that is no object": "error = '[1]'",
    "a kind that is bytes": "kind = x'ff00'",
}
BAD_ON_MYSQL = {"created_at is no date": "created_at = '0000-00-00'", "a status that is none": "status = 'waiting'"}


@pytest.fixture(autouse=True)
async def _leave_nothing(engine: AsyncEngine) -> AsyncIterator[None]:
    """What was spoilt here has no history that others could check."""
    yield
    await run(engine, "DELETE FROM task_events", "DELETE FROM tasks")


async def spoil(engine: AsyncEngine, change: str) -> str:
    """The id of a row that is due and can't be read, among others that are due."""
    is_sqlite = engine.dialect.name == "sqlite"
    bad = (await create(engine, 5))[2].id
    lenient = [] if is_sqlite else ["SET SESSION sql_mode = ''"]
    strict = [] if is_sqlite else ["SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"]
    due = "UPDATE tasks SET dispatch_at = '2020-01-01 00:00:00'"
    await run(engine, due, *lenient, f"UPDATE tasks SET {change} WHERE id = '{bad}'", *strict)
    return bad


@pytest.fixture
async def spoilt(engine: AsyncEngine) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
    """One after the other what the database lets in: what is wrong, and the id. The table is empty in between."""

    async def each() -> AsyncGenerator[tuple[str, str], None]:
        bad = BAD_ON_SQLITE if engine.dialect.name == "sqlite" else BAD_ON_MYSQL
        for name, change in bad.items():
            yield name, await spoil(engine, change)
            await run(engine, "DELETE FROM task_events", "DELETE FROM tasks")

    async with aclosing(each()) as found:
        yield found


Spoilt = AsyncIterator[tuple[str, str]]


async def test_it_stops_no_dispatcher(engine: AsyncEngine, spoilt: Spoilt) -> None:
    async for name, bad in spoilt:
        taken = {task.id for task in await due(engine, now=NOON + LEASE)}
        assert len(taken - {bad}) == 4, name
        assert bad not in {task.id for task in await due(engine, now=NOON + timedelta(days=1))}, name
        await dispatch.next_due(engine)


async def test_it_is_left_out_of_pages_which_stay_whole(engine: AsyncEngine, spoilt: Spoilt) -> None:
    async for name, bad in spoilt:
        for field in (OrderField.CREATED_AT, OrderField.UPDATED_AT):
            found, after = [], None
            while page := await queries.page(engine, Filter(), Order(field), after=after, limit=2):
                found += [task.id for task in page]
                after = Order(field).key(page[-1])
            assert len(found) == 4, name
            assert bad not in found, name
            searched = await queries.page(engine, Filter(search="task"), Order(field), after=None, limit=10)
            assert bad not in {task.id for task in searched}, name
        assert await queries.present(engine, bad) is None, name


async def test_who_asks_for_it_finds_nothing_and_its_neighbours_are_claimed(
    engine: AsyncEngine, spoilt: Spoilt
) -> None:
    async for name, bad in spoilt:
        others = [task.id for task in await queries.page(engine, Filter(), Order(), after=None, limit=10)]
        assert (await queries.get(engine, [bad, *others])).keys() == set(others), name
        claimed = await claim(engine, [bad, *others], now=NOON + LEASE)
        assert [type(one).__name__ for one in claimed] == ["NoneType", *["Claimed"] * 4], name


async def test_a_replay_goes_on_behind_it(engine: AsyncEngine, spoilt: Spoilt) -> None:
    async for name, bad in spoilt:
        told, after = set(), 0
        while True:
            page = await queries.recorded(engine, after=after, limit=2)
            told |= {event.task_id for event in page}
            if len(page) < 2:  # as whoever replays takes it for the last one
                break
            after = page[-1].event_id
        assert len(told - {bad}) == 4, name


async def test_it_is_failed_where_that_can_be_written(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("a status that is none can't be stored there")
    [one] = await create(engine, 1)
    await run(engine, f"UPDATE tasks SET status = 'pending' WHERE id = '{one.id}'")
    await claim(engine, [one.id], now=NOON)
    row = await get(engine, one.id)
    assert (row.status, row.dispatch_at) == ("FAILED", None)
    assert row.error
    assert row.error["type"] == "Unreadable"
    assert "status" in row.error["message"]


async def test_one_that_was_running_stops_no_rescue(engine: AsyncEngine) -> None:
    lost, other = [await start(engine, task.id) for task in await create(engine, 2)]
    is_sqlite = engine.dialect.name == "sqlite"
    await run(engine, "UPDATE tasks SET dispatch_at = '2020-01-01 00:00:00', started_at = '2020-01-01 00:00:00'")
    await run(engine, "SELECT 1" if not is_sqlite else f"UPDATE tasks SET started_at = 17 WHERE id = '{lost.task.id}'")
    written = await rescue.record_lost(engine, now=NOON + LEASE, limit=10, jitter=lambda: 0.0)
    assert written.tasks.keys() == ({other.task.id} if is_sqlite else {other.task.id, lost.task.id})
    assert await rescue.record_lost(engine, now=NOON + LEASE, limit=10, jitter=lambda: 0.0) == Written({}, [])


async def test_a_text_that_is_no_utf_8_is_shown_as_bytes(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("the servers check their texts")
    [one, other] = await create(engine, 2)
    await run(engine, f"UPDATE tasks SET title = CAST(x'66ff' AS TEXT) WHERE id = '{one.id}'")
    found = await queries.page(engine, Filter(), Order(), after=None, limit=10)
    assert {task.id for task in found} == {one.id, other.id}
    assert (await get(engine, one.id)).title == "f\\xff"
    assert json.dumps((await get(engine, one.id)).title)
