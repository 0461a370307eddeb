"""A system at rest: how long one task takes from its create until its end is heard of, and what memory is held."""

import asyncio
import json
import statistics
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from websockets.asyncio.client import connect

from tests.performance.drains import Figures, naive_worker
from tests.performance.load import Connection, create_many, done, until_done
from tests.performance.ours import Running, api, embedded, migrate, worker
from tests.performance.processes import memory
from tests.performance.stage import Stage, fresh
from tests.performance.theirs import naive_api
from tests.performance.watching import Create, Hear, creates, hears, subscribed, time_each

WARM: Final = 20
HELD: Final = ("API at rest MB", "worker at rest MB", "API after MB", "worker after MB")


def percentiles(found: list[float]) -> Figures:
    p50, p99 = statistics.median(found), sorted(found)[int(len(found) * 0.99) - 1]
    return {"p50 ms": p50, "p99 ms": p99, "p99/p50": p99 / p50}


async def measure(stage: Stage, create: Create, hear: Hear) -> Figures:
    await time_each(create, hear, WARM)
    return percentiles(await time_each(create, hear, stage.count(200)))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    connection = await Connection.open(url)
    try:
        yield connection
    finally:
        await connection.close()


async def of_ours(stage: Stage, url: str) -> Figures:
    async with subscribed(url) as events, connected(url) as connection:
        return await measure(stage, creates(connection), hears(events))


async def latency(stage: Stage) -> Figures:
    async with fresh(stage):
        migrate(stage)
        async with api(stage) as (url, _):
            with worker(stage):
                return await of_ours(stage, url)


async def latency_embedded(stage: Stage) -> Figures:
    async with embedded(stage) as (url, _):
        return await of_ours(stage, url)


async def latency_naive(stage: Stage) -> Figures:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fresh(stage))
        url, _ = await stack.enter_async_context(naive_api(stage))
        stack.enter_context(naive_worker(stage))
        events = await stack.enter_async_context(connect(f"ws{url.removeprefix('http')}/ws", max_queue=None))
        connection = await stack.enter_async_context(connected(url))

        async def hear() -> tuple[str, str]:
            event = json.loads(await events.recv())
            return event["task_id"], event["status"]

        return await measure(stage, creates(connection), hear)


async def memory_held(stage: Stage) -> Figures:
    """By the API and a worker: five seconds after their first few tasks, and after many."""
    async with fresh(stage):
        migrate(stage)
        async with api(stage) as running:
            with worker(stage) as process:
                await run_many(running, WARM)  # both are there
                await asyncio.sleep(1 if stage.quick else 5)
                pids = [running[1].pid, process.pid]
                before = memory(pids)
                await run_many(running, stage.count(20_000), WARM)
                after = memory(pids)
    return dict(zip(HELD, before + after, strict=True))


async def embedded_bulk(stage: Stage) -> Figures:
    async with embedded(stage) as running:
        rate = await run_many(running, stage.count(10_000))
        return {"tasks/s": rate, "memory MB": memory([running[1].pid])[0]}


async def run_many(running: Running, count: int, earlier: int = 0) -> float:
    """Created in sets of a hundred and run at once: how many a second, from the first request to the last DONE.

    Of `earlier` it is known that they are DONE.
    """
    url, _ = running
    loop = asyncio.get_running_loop()
    began = loop.time()
    await create_many(url, count, "trivial")
    await until_done(url, earlier + count)
    seconds = loop.time() - began
    if (found := await done(url)) != earlier + count:
        raise SystemExit(f"{found} of {earlier + count} tasks are DONE")
    return count / seconds
