"""Handlers as people write them who know nothing of event loops and processes."""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from typing import Any

from taskflow import Context, task


@task("pool")
def pool(payload: Any) -> list[int]:
    with multiprocessing.get_context("fork").Pool(4) as workers:
        return workers.map(abs, [-1, -2, -3])


@task("executor")
def executor(payload: Any) -> list[int]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as workers:
        return list(workers.map(abs, [-1, -2, -3]))


@task("fork")
def fork(payload: Any) -> int:
    """A child that is told to end, as a supervisor would tell it."""
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status)


@task("orphan")
def orphan(payload: Any) -> int:
    """A child that outlives its parent."""
    child = os.fork()
    if not child:
        time.sleep(20)
        os._exit(0)
    return child


@task("blocks", max_attempts=1)
async def blocks(payload: dict[str, float]) -> str:
    time.sleep(payload["seconds"])  # noqa: ASYNC251 - the point
    return "at last"


@task("neighbour", max_attempts=1)
async def neighbour(payload: dict[str, float]) -> str:
    await asyncio.sleep(payload["seconds"])
    return "well"


@task("stays", max_attempts=1)
async def stays(payload: Any) -> None:
    """Takes no for an answer."""
    while True:
        with suppress(BaseException):
            await asyncio.sleep(60)


@task("moves")
def moves(payload: Any) -> str:
    os.chdir("/")
    return os.getcwd()


@task("threads")
def threads(payload: Any) -> str:
    threading.Thread(target=time.sleep, args=[60]).start()
    return "begun"


@task("overstays", max_attempts=2, timeout=0.3)
def overstays(payload: dict[str, float], ctx: Context) -> None:
    time.sleep(payload["seconds"])
