"""How fast a queue that was filled before is emptied, from the first task that ended to the last. None may be lost."""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, AsyncExitStack
from typing import Any, Final

import redis.asyncio as redis
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.performance.environment import PEERS
from tests.performance.load import create_many, flood, one
from tests.performance.ours import api, migrate, worker
from tests.performance.processes import cpu, started
from tests.performance.stage import Stage, all_keys, fresh
from tests.performance.theirs import ask, naive_api

Figures = dict[str, float]
Ended = Callable[[], Awaitable[int]]
POLL: Final = 0.1
"""Seconds between two looks: at a database, so that they cost little."""
SILENCE: Final = 90.0
"""Seconds, in which a worker has to start, and after which what has not ended is lost."""


async def follow(process: subprocess.Popen[bytes], ended: Ended, count: int, every: float = POLL) -> Figures:
    """What the worker makes a second, and its CPU for each, as `ended` tells. Raises SystemExit when tasks are lost."""
    first, last, since = 0, 0, time.perf_counter()
    began = before = 0.0
    while last < count:
        await asyncio.sleep(every)
        now = await ended()
        if now and not first:
            first, began, before = now, time.perf_counter(), cpu(process.pid)
        if now > last:
            last, since = now, time.perf_counter()
        if process.poll() is not None or time.perf_counter() - since > SILENCE:
            raise SystemExit(f"{now} of {count} tasks ended, {process.args!r}: {process.poll()}")
    seconds, used = time.perf_counter() - began, cpu(process.pid) - before
    if first == count:
        raise SystemExit(f"all {count} tasks had ended before the first look: take more")
    return {"tasks/s": (count - first) / seconds, "CPU ms": used / (count - first)}


def counted(engine: AsyncEngine, table: str, status: str) -> Ended:
    statement = sa.text(f"SELECT COUNT(*) FROM {table} WHERE status = :status")

    async def ended() -> int:
        async with engine.connect() as connection:
            try:
                return int(await connection.scalar(statement, {"status": status}) or 0)
            except ProgrammingError:  # Celery's worker makes the table when it needs it
                return 0

    return ended


async def exact(engine: AsyncEngine, table: str, count: int) -> Figures:
    """The rate, from the times that the rows have; and a check that there are so many, DONE all of them."""
    async with engine.connect() as connection:
        statement = f"SELECT COUNT(*), SUM(status = 'DONE'), MIN(finished_at), MAX(finished_at) FROM {table}"
        rows, done, first, last = (await connection.execute(sa.text(statement))).one()
    if rows != count or done != count:
        raise SystemExit(f"{table}: {rows} rows, {done} of them DONE, of {count} that were created")
    return {"tasks/s": (count - 1) / (last - first).total_seconds()}


async def ours(stage: Stage, kind: str, full: int) -> Figures:
    count = stage.count(full)
    async with fresh(stage) as engine:
        migrate(stage)
        async with api(stage) as (url, _):
            await create_many(url, count, kind)
            with worker(stage) as process:
                figures = await follow(
                    process, counted(engine, "tasks", "DONE"), count, every=0.1 if stage.quick else 0.5
                )
        return figures | await exact(engine, "tasks", count)


def naive_worker(stage: Stage) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return started(str(stage.python), "naive.py", env=stage.peers, log=stage.log("naive-worker"), cwd=PEERS)


async def naive(stage: Stage) -> Figures:
    count = stage.count(1_500)
    async with fresh(stage) as engine, naive_api(stage) as (url, _):
        await flood(url, one(), count, 8)
        with naive_worker(stage) as process:
            figures = await follow(process, counted(engine, "naive_tasks", "DONE"), count)
        return figures | await exact(engine, "naive_tasks", count)


def celery_environment(stage: Stage, *, in_database: bool) -> dict[str, str]:
    database = stage.url.set(drivername="db+mysql+pymysql").render_as_string(hide_password=False)
    return stage.peers | {"CELERY_RESULTS": database if in_database else stage.redis}


CELERY: Final = ("-m", "celery", "--app", "with_celery", "worker", "--concurrency", "2")
DRAMATIQ: Final = ("-m", "dramatiq", "with_dramatiq", "--processes", "1", "--threads", "8")


async def celery_database(stage: Stage) -> Figures:
    count, env = stage.count(1_500), celery_environment(stage, in_database=True)
    async with fresh(stage) as engine:
        ask(stage, "with_celery.py", str(count), env=env)
        with started(str(stage.python), *CELERY, env=env, log=stage.log("celery-database"), cwd=PEERS) as process:
            return await follow(process, counted(engine, "celery_taskmeta", "SUCCESS"), count)


async def celery_redis(stage: Stage) -> Figures:
    return await with_results_in_redis(stage, "with_celery.py", CELERY, celery_environment(stage, in_database=False))


async def dramatiq(stage: Stage) -> Figures:
    return await with_results_in_redis(stage, "with_dramatiq.py", DRAMATIQ, stage.peers)


async def with_results_in_redis(stage: Stage, program: str, command: tuple[str, ...], env: dict[str, str]) -> Figures:
    """A result is a key: while they are made all keys of the database are counted, and at the end exactly theirs."""
    count = stage.count(8_000, 1_000)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fresh(stage))
        bus = await stack.enter_async_context(redis.from_url(stage.redis))
        before = await bus.dbsize()
        ask(stage, program, str(count), env=env)
        log = stage.log(program.removesuffix(".py"))
        process = stack.enter_context(started(str(stage.python), *command, env=env, log=log, cwd=PEERS))

        async def ended() -> int:
            return int(await bus.dbsize()) - int(before)

        figures = await follow(process, ended, count, every=0.02)
        if (found := len(await all_keys(bus))) != count:
            raise SystemExit(f"{program}: {found} results of {count} tasks")
        return figures


async def bare(stage: Stage) -> Figures:
    """It counts by itself, and ends when it has them all."""
    count = str(stage.count(30_000))
    async with fresh(stage):
        await asyncio.to_thread(ask, stage, "bare.py", "fill", count, env=stage.peers)
        answer: dict[str, Any] = await asyncio.to_thread(ask, stage, "bare.py", "drain", count, env=stage.peers)
    return {
        "tasks/s": answer["tasks"] / answer["seconds"],
        "CPU ms": 1000 * answer["cpu_seconds"] / answer["tasks"],
    }
