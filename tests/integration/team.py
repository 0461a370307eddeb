"""A team's own handlers, as WORKER_HANDLERS names them. Each start of one is noted in the file TEAM_JOURNAL."""

import asyncio
import logging
import os
import time
from datetime import timedelta
from typing import Any

from taskflow.db.outcome import Backoff
from taskflow.worker.context import Context
from taskflow.worker.task import task

logger = logging.getLogger("team")
QUICK = Backoff(base=timedelta(seconds=0.1))


def note_start(ctx: Context) -> None:
    """One write to a file opened for appending is whole, however many processes do it."""
    handle = os.open(os.environ["TEAM_JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{ctx.task_id} {ctx.attempt} {os.getpid()}\n".encode())
    os.close(handle)


@task("echo", backoff=QUICK)
async def echo(payload: Any, ctx: Context) -> Any:
    note_start(ctx)
    return payload


@task("nap", backoff=QUICK)
async def nap(payload: dict[str, float], ctx: Context) -> None:
    note_start(ctx)
    await asyncio.sleep(payload["seconds"])


@task("doze", backoff=QUICK)
def doze(payload: dict[str, float], ctx: Context) -> None:
    """The same in a thread."""
    note_start(ctx)
    time.sleep(payload["seconds"])


@task("stumble", backoff=QUICK)
async def stumble(payload: dict[str, int], ctx: Context) -> int:
    note_start(ctx)
    if ctx.attempt <= payload["failures"]:
        raise ConnectionError(f"no answer at attempt {ctx.attempt}")
    return ctx.attempt


@task("steps")
async def steps(payload: dict[str, int], ctx: Context) -> None:
    """Tells its progress, and writes a line to the log."""
    note_start(ctx)
    logger.info("the team's own line")
    for done in range(payload["steps"]):
        ctx.progress(done / payload["steps"], f"step {done}")
        await asyncio.sleep(0.15)
