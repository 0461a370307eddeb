"""What waits, and since when: the same figures on each database, whatever other programs have written."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import backlog, letters, storage
from taskflow.db.backlog import Outbox, Waiting
from taskflow.db.lifecycle import PUBLISH_GRACE
from taskflow.db.operating import dead_letters
from taskflow.db.outcome import Failed
from taskflow.db.rows import SET_ASIDE
from tests.store.databases import fetch, run
from tests.store.steps import ERROR, LATER, NOON, SECOND, claim, create, create_one, finish, mark, started
from tests.store.test_unreadable import Spoilt, spoilt

__all__ = ["spoilt"]


async def test_an_empty_database_has_nothing_waiting(engine: AsyncEngine) -> None:
    assert await backlog.backlog(engine, NOON) == ({}, Outbox(0, None))


async def test_what_the_broker_has_waits_since_it_was_due(engine: AsyncEngine) -> None:
    first, *others = await create(engine, 3, queue="mail")
    dated = await create_one(engine, queue="dated", now=NOON - timedelta(days=1), run_at=NOON)
    await mark(engine, first, *others, dated, *await create(engine, now=NOON + SECOND))
    waiting, outbox = await backlog.backlog(engine, LATER)
    assert waiting == {"mail": Waiting(3, NOON), "dated": Waiting(1, NOON), "default": Waiting(1, NOON + SECOND)}
    assert outbox == Outbox(0, None)


async def test_what_waits_for_its_date_or_runs_does_not_wait_for_a_worker(engine: AsyncEngine) -> None:
    await create_one(engine, run_at=LATER)
    await started(engine)
    claimed = await started(engine)
    await finish(engine, claimed, Failed(ERROR, timedelta(hours=2)))
    assert await backlog.backlog(engine, NOON) == ({}, Outbox(0, None))


async def test_what_nobody_handed_over_is_in_the_outbox_and_waits_too(engine: AsyncEngine) -> None:
    await create(engine, 2, queue="mail")
    failed = await started(engine)
    await finish(engine, failed, Failed(ERROR, None))
    since = NOON + PUBLISH_GRACE
    waiting, outbox = await backlog.backlog(engine, since + SECOND)
    assert waiting == {"mail": Waiting(2, NOON)}
    assert outbox == Outbox(3, since)
    assert await backlog.backlog(engine, since - SECOND) == ({}, Outbox(0, None))


async def test_rows_that_nobody_can_read_spoil_no_figure(engine: AsyncEngine, spoilt: Spoilt) -> None:
    async for name, _ in spoilt:
        waiting, outbox = await backlog.backlog(engine, NOON)
        assert sum(one.count for one in waiting.values()) >= 3 or not waiting, name
        assert outbox.count <= 5, name


async def test_a_row_that_is_set_aside_is_counted(engine: AsyncEngine, spoilt: Spoilt) -> None:
    counted: list[None] = []
    engine.update_execution_options(**{SET_ASIDE: lambda: counted.append(None)})
    async for name, bad in spoilt:
        counted.clear()
        await claim(engine, [bad])
        assert len(counted) == 1, name


async def test_dead_letters_and_sizes_are_told(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        letter = {"reason": "not a task message", "body": b"{", "size": 1, "at": NOON}
        await connection.execute(sa.insert(dead_letters), [letter, letter])
    assert await letters.count(engine) == 2
    sizes = await storage.sizes(engine)
    names = {"all"} if engine.dialect.name == "sqlite" else {"tasks", "task_events", "taskflow_dead_letters"}
    assert names <= sizes.keys()
    assert all(one.size > 0 for one in sizes.values())


async def test_sizes_are_those_of_now(engine: AsyncEngine) -> None:
    before = sum(one.size for one in (await storage.sizes(engine)).values())
    if engine.dialect.name != "sqlite" and not engine.dialect.is_mariadb:  # type: ignore[attr-defined]
        assert await fetch(engine, "SELECT @@SESSION.information_schema_stats_expiry") == [(0,)]
    await create(engine, 3000, payload={"value": "x" * 1000})
    if engine.dialect.name != "sqlite":
        await run(engine, "ANALYZE TABLE tasks, task_events")  # which the server does by itself, in its own time
    sizes = await storage.sizes(engine)
    assert sum(one.size for one in sizes.values()) > before + 1_000_000
    if engine.dialect.name != "sqlite":
        assert 2000 < (sizes["tasks"].rows or 0) < 4000
