"""How large the tables are, on every database."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import storage
from tests.store.databases import run
from tests.store.steps import create


async def test_rows_and_bytes_grow_with_the_tasks(engine: AsyncEngine) -> None:
    before = await storage.measure(engine)
    for _ in range(4):
        await create(engine, 500, payload={"much": "x" * 500})
    if engine.dialect.name != "sqlite":  # which counts
        await run(engine, "ANALYZE TABLE tasks, task_events")
    after = await storage.measure(engine)
    assert 1000 < after.tasks < 4000
    assert 1000 < after.events < 4000
    assert after.bytes > before.bytes + 500 * 1000


async def test_empty_tables_have_no_rows(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        await run(engine, "ANALYZE TABLE tasks, task_events")
    measured = await storage.measure(engine)
    assert (measured.tasks, measured.events) == (0, 0)
    assert measured.bytes > 0
