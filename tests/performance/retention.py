"""What retention costs others: `python -m tests.performance.retention`, against what the three URLs say, not on SQLite.

Creates `--rate` tasks a second beside `--old` tasks that ended long ago, and reads from the table how long each took
from its creation to its end: while nothing is deleted, and while a worker with TASK_RETENTION deletes the old ones, in
turn. Ends with 1 when the 95th percentile (of the rounds, the median) is more than a fifth above that without, or when
nothing was deleted.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from typing import Final

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.words import spelled
from taskflow.infra.database import create_engine
from tests.performance.load import CREATE_SET, PAYLOAD
from tests.performance.processes import prepare, running, until_healthy

SET: Final = 10
TITLE: Final = "Ended long ago"
ID: Final = "CONCAT('old-', LPAD(i, 9, '0'))"
"""In the order of time, as ours are."""
NUMBERS: Final = "WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
OLD: Final = f"""
INSERT INTO tasks (id, title, kind, queue, status, payload, result, attempt, max_attempts, version,
  created_at, updated_at, started_at, finished_at, words)
{NUMBERS} SELECT {ID}, '{TITLE}', 'message', 'default', 'DONE', '[]', '[]', 1, 3, 3,
  ended, ended, ended, ended, '{spelled(TITLE)}'
FROM (SELECT i, NOW(6) - INTERVAL 400 DAY + INTERVAL i SECOND AS ended FROM n) dated
"""
HISTORY: Final = f"""
INSERT INTO task_events (task_id, version, status, attempt, at)
{NUMBERS} SELECT id, step, status_of, 1, finished_at FROM n JOIN tasks ON id = {ID}
JOIN (SELECT 1 AS step, 'PENDING' AS status_of UNION ALL SELECT 2, 'PROCESSING' UNION ALL SELECT 3, 'DONE') steps
"""
AT_ONCE: Final = 1000
WARM: Final = 4
TOOK: Final = (
    "SELECT TIMESTAMPDIFF(MICROSECOND, created_at, finished_at) / 1000 FROM tasks "
    "WHERE title = :title AND status = 'DONE'"
)

OLD_LEFT: Final = "SELECT COUNT(*) FROM tasks WHERE title = :title"
LEFT: Final = "SELECT COUNT(*) FROM tasks WHERE title = :title AND status <> 'DONE'"


async def fill(engine: AsyncEngine, count: int) -> None:
    for first in range(0, count, AT_ONCE):
        async with engine.begin() as connection:
            for statement in (OLD, HISTORY):
                numbers = {"first": first, "last": min(first + AT_ONCE, count) - 1}
                await connection.execute(sa.text(statement.format(**numbers)))
        if first % 100_000 == 0:
            print(f"{first:9} old tasks", flush=True)


async def load(url: str, title: str, rate: int, seconds: float) -> None:
    """That many a second, in sets of ten, each set at its time."""
    body = {"query": CREATE_SET, "variables": {"inputs": [{"title": title, "payload": PAYLOAD}] * SET}}
    async with httpx.AsyncClient(timeout=60) as client:
        began = time.monotonic()
        for number in range(int(rate * seconds) // SET):
            await asyncio.sleep(max(began + number * SET / rate - time.monotonic(), 0))
            answer = (await client.post(f"{url}/graphql", json=body)).json()
            assert "errors" not in answer, answer


async def percentile(engine: AsyncEngine, title: str) -> float:
    """Milliseconds within which 95 of 100 had ended."""
    async with engine.connect() as connection:
        while await connection.scalar(sa.text(LEFT), {"title": title}):
            await connection.rollback()
            await asyncio.sleep(0.1)
        took = [float(value) for value in (await connection.execute(sa.text(TOOK), {"title": title})).scalars()]
    middle, late = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    print(f"{title:34} {len(took)} tasks, median {middle:.1f} ms, 95 % within {late:.1f} ms", flush=True)
    return late


async def old_left(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(sa.text(OLD_LEFT), {"title": TITLE}) or 0)


async def measure(arguments: argparse.Namespace, url: str) -> int:
    engine = create_engine(os.environ["DB_URL"], pool_size=1)
    rate, seconds = arguments.rate, arguments.seconds
    without, during, deleted, took = [], [], 0, 0.0
    with running("api"):
        await until_healthy(url)
        await fill(engine, arguments.old)
        for number in range(arguments.rounds):
            with running("worker"):
                await load(url, "Warm", rate, WARM)
                await load(url, title := f"Round {number}, nothing deleted", rate, seconds)
                without.append(await percentile(engine, title))
            with running("worker", TASK_RETENTION="30d"):
                await load(url, "Warm", rate, WARM)
                left, began = await old_left(engine), time.monotonic()
                await load(url, title := f"Round {number}, while it deletes", rate, seconds)
                deleted, took = deleted + left - await old_left(engine), took + time.monotonic() - began
                during.append(await percentile(engine, title))
    await engine.dispose()
    ratio = statistics.median(during) / statistics.median(without)
    print(f"{deleted / took:.0f} deleted a second; the 95th percentile: {ratio:.2f} of that without")
    return 0 if deleted and ratio <= 1.2 else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    url, _ = prepare(1)
    return asyncio.run(measure(arguments, url))


if __name__ == "__main__":
    sys.exit(main())
