"""How long lists take among a million tasks: `python -m tests.performance.million`, against what DB_URL says.

Fills a database of its own on that server (half a minute), drops it at the end, and prints for each filter how long a
page took at worst, over three orders, from the start and from the middle; whether the search stopped early (*); and how
long counting took. All in milliseconds, each the best of three: what is measured is the statement, not the noise.
"""

import argparse
import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import counting, queries
from taskflow.db.filters import Filter, Order, OrderField
from taskflow.db.lifecycle import TaskStatus
from taskflow.infra.database import create_engine
from tests.store.databases import run
from tests.store.large import BEGIN, fill

T = TypeVar("T")
NAME: Final = "taskflow_million"
PAGE: Final = 51
BEST_OF: Final = 3
FAILED: Final = (TaskStatus.FAILED,)
FILTERS: Final = {
    "none": Filter(),
    "DONE": Filter(statuses=(TaskStatus.DONE,)),
    "FAILED, one kind": Filter(statuses=FAILED, kinds=("kind3",)),
    "three kinds": Filter(kinds=("kind1", "kind2", "kind5")),
    "one kind, one queue": Filter(kinds=("kind3",), queues=("queue3",)),
    **{f"search {words!r}": Filter(search=words) for words in ("task", "word77", "nothing", "1", "zz", "word1 word2")},
    **{f"search {words!r}, one kind": Filter(search=words, kinds=("kind3",)) for words in ("1", "word77")},
    **{f"search {words!r}, FAILED": Filter(search=words, statuses=FAILED) for words in ("1", "word77", "nothing")},
}
ORDERS: Final = (Order(), Order(descending=False), Order(OrderField.UPDATED_AT))


@asynccontextmanager
async def filled(server: sa.URL, rows: int) -> AsyncIterator[AsyncEngine]:
    """A database with so many tasks, an event each; dropped at the end."""
    outside = create_engine(server.set(database="").render_as_string(hide_password=False))
    engine = create_engine(server.set(database=NAME).render_as_string(hide_password=False))
    try:
        await run(outside, f"DROP DATABASE IF EXISTS {NAME}", f"CREATE DATABASE {NAME}")
        await fill(engine, rows)
        yield engine
    finally:
        await engine.dispose()
        await run(outside, f"DROP DATABASE IF EXISTS {NAME}")
        await outside.dispose()


async def best(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    """Milliseconds, and what came of it."""
    took = []
    for _ in range(BEST_OF):
        began = time.perf_counter()
        result = await work()
        took.append((time.perf_counter() - began) * 1000)
    return min(took), result


async def measure(engine: AsyncEngine, rows: int) -> None:
    middle = BEGIN + timedelta(seconds=rows), "f"
    print(f"{'':32}  worst page      count")
    for name, where in FILTERS.items():
        worst, stopped = 0.0, False
        for order, after in itertools.product(ORDERS, (None, middle)):
            took, found = await best(partial(queries.find, engine, where, order, after=after, limit=PAGE))
            worst, stopped = max(worst, took), stopped or found.until is not None
        took, count = await best(partial(counting.count, engine, where))
        print(f"{name:32} {worst:8.1f} {'*' if stopped else ' '} {took:10.1f}  {count.number:,}{'+' * count.is_capped}")


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.million", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    server = sa.make_url(os.environ["DB_URL"])
    if server.get_backend_name() != "mysql":
        raise SystemExit("DB_URL: takes MySQL or MariaDB")
    async with filled(server, rows) as engine:
        await measure(engine, rows)


if __name__ == "__main__":
    asyncio.run(main())
