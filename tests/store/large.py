"""A database with 40 000 tasks, or with a million where TASKFLOW_LARGE says so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Final

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.migrate import migrate
from tests.store.databases import Maker, engine_on, run

LARGE: Final = os.environ.get("TASKFLOW_LARGE", "") not in ("", "0")
ROWS: Final = 1_000_000 if LARGE else 40_000
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)

THOUSAND = "(WITH RECURSIVE s AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 999) SELECT n FROM s)"
FILL = f"""
    INSERT INTO tasks (id, title, payload, status, created_at, updated_at, kind, queue, attempt, max_attempts, version,
                       words, dispatch_at)
    SELECT CONCAT(LPAD(HEX(n), 8, '0'), '-0000-7000-8000-', LPAD(HEX(n * 7919 % 1000003), 12, '0')),
           CONCAT('Example task ', n, ' word', n % 1000), '{{"value": 42}}', status, at, at + INTERVAL n % 97 SECOND,
           CONCAT('kind', n % 10), CONCAT('queue', n % 5), 1, 3, 1,
           CONCAT(' w_example, w_task, w_', n, ', w_word', n % 1000), IF(status = 'PENDING' AND n % 100 = 50, at, NULL)
    FROM (SELECT n, '2026-01-01' + INTERVAL n * 2 SECOND AS at,
                 ELT(1 + (n % 100 IN (50, 51)) + 2 * (n % 10000 = 77) + 3 * (n % 100 = 3) + 4 * (n % 5000 = 99),
                     'DONE', 'PENDING', 'PROCESSING', 'FAILED', 'CANCELLED') AS status
          FROM (SELECT (:start + thousands.n) * 1000 + ones.n AS n
                FROM {THOUSAND} thousands, {THOUSAND} ones WHERE thousands.n < :thousands) numbers) rows_to_be
"""


async def fill(engine: AsyncEngine, rows: int) -> None:
    """Migrate an empty database, and bring it so many tasks, an event each."""
    await migrate(engine)
    await run(engine, "DROP INDEX idx_tasks_words ON tasks")  # built at once, in a third of the time
    for start in range(0, rows // 1000, 50):
        async with engine.begin() as connection:
            fits = {"start": start, "thousands": min(50, rows // 1000 - start)}
            await connection.execute(sa.text(FILL), fits)
    await run(
        engine,
        "CREATE FULLTEXT INDEX idx_tasks_words ON tasks (words)",
        "INSERT INTO task_events (task_id, version, status, attempt, at) "
        "SELECT id, 1, 'PENDING', 0, created_at FROM tasks",
        "ANALYZE TABLE tasks, task_events",
    )


@pytest.fixture(scope="module")
def filled(maker: Maker) -> Iterator[str]:
    """The URL of a database with ROWS tasks, an event each."""

    async def make() -> str:
        url = await maker.create()
        async with engine_on(url) as engine:
            await fill(engine, ROWS)
        return url

    url = asyncio.run(make())
    yield url
    asyncio.run(maker.drop(url))


@pytest.fixture
async def engine(filled: str) -> AsyncIterator[AsyncEngine]:
    async with engine_on(filled) as engine:
        yield engine
