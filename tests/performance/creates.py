"""How fast tasks are created, over 32 connections by one API process, while no worker runs. None may be missing."""

import asyncio
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.performance.drains import Figures, celery_environment
from tests.performance.load import SET, a_set, flood, mutation, one
from tests.performance.ours import Running, api, migrate
from tests.performance.processes import cpu
from tests.performance.stage import Stage, fresh
from tests.performance.theirs import ask, naive_api

AT_ONCE: Final = 32


async def measure(running: Running, request: bytes, count: int, size: int) -> Figures:
    """Of `count` requests, each with so many tasks; as many as there are connections come before."""
    url, process = running
    await flood(url, request, AT_ONCE, AT_ONCE)
    before = cpu(process.pid)
    rate, slowest = await flood(url, request, count, AT_ONCE)
    used = cpu(process.pid) - before
    return {"tasks/s": rate * size, "CPU ms": used / (count * size), "slowest ms": slowest}


async def check(engine: AsyncEngine, table: str, expected: int) -> None:
    async with engine.connect() as connection:
        found = await connection.scalar(sa.text(f"SELECT COUNT(*) FROM {table}"))
    if found != expected:
        raise SystemExit(f"{table}: {found} rows of {expected} tasks that were created")


async def ours(stage: Stage, request: bytes, full: int, size: int = 1) -> Figures:
    count = stage.count(full)
    async with fresh(stage) as engine:
        migrate(stage)
        async with api(stage) as running:
            figures = await measure(running, request, count, size)
        await check(engine, "tasks", (count + AT_ONCE) * size)
    return figures


async def rest(stage: Stage) -> Figures:
    return await ours(stage, one(), 10_000)


async def graphql(stage: Stage) -> Figures:
    return await ours(stage, mutation(), 8_000)


async def sets(stage: Stage) -> Figures:
    return await ours(stage, a_set(), 600, SET)


async def naive(stage: Stage) -> Figures:
    count = stage.count(3_000)
    async with fresh(stage) as engine:
        async with naive_api(stage) as running:
            figures = await measure(running, one(), count, 1)
        await check(engine, "naive_tasks", count + AT_ONCE)
    return figures


async def enqueue(stage: Stage, program: str) -> Figures:
    """By one program, one after the other, as its library does it."""
    count, env = stage.count(4_000), celery_environment(stage, in_database=False)
    async with fresh(stage):
        answer = await asyncio.to_thread(ask, stage, program, str(count), env=env)
    return {"tasks/s": answer["tasks"] / answer["seconds"]}


async def celery(stage: Stage) -> Figures:
    return await enqueue(stage, "with_celery.py")


async def dramatiq(stage: Stage) -> Figures:
    return await enqueue(stage, "with_dramatiq.py")
