"""A team's handlers, most of which misbehave. Each notes in CHAOS_JOURNAL when it starts and when it ends.

What one returns or raises names the attempt and the process, so that an outcome can be held against who made it.
"""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, NoReturn

from taskflow import Context, Permanent, RetryLater, Snooze, task
from taskflow.db.outcome import Backoff

SOON = Backoff(base=timedelta(seconds=0.2), cap=timedelta(seconds=1))
Payload = dict[str, Any]


@contextmanager
def noted(ctx: Context) -> Iterator[str]:
    """Gives what this run of a handler is called."""
    name = f"{ctx.task_id} {ctx.attempt} {os.getpid()}"
    write(f"start {name} {time.monotonic()} {ctx.kind}")
    try:
        yield f"attempt {ctx.attempt} of process {os.getpid()}"
    finally:
        write(f"end {name} {time.monotonic()} {ctx.kind}")


def write(line: str) -> None:
    """One write to a file opened for appending is whole, however many processes do it."""
    handle = os.open(os.environ["CHAOS_JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def end_this_process(payload: Payload, ctx: Context) -> NoReturn:
    """As a native library that crashes would, or the kernel when memory runs out."""
    is_killed = payload["by"] == "SIGKILL"
    code = -signal.SIGKILL if is_killed else 3
    write(f"dies {ctx.task_id} {ctx.attempt} {os.getpid()} {time.monotonic()} {code}")
    if is_killed:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(code)


@task("quick", backoff=SOON)
async def quick(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        await asyncio.sleep(payload.get("seconds", 0))
        return name


@task("long", backoff=SOON)
async def long(payload: Payload, ctx: Context) -> str:
    """Longer than a lease, telling its progress."""
    with noted(ctx) as name:
        for step in range(10):
            ctx.progress(step / 10, f"step {step}")
            await asyncio.sleep(payload["seconds"] / 10)
        return name


@task("lengthens", backoff=SOON)
async def lengthens(payload: Payload, ctx: Context) -> str:
    """The first attempt is short: taken for lost while its process is frozen, it ends during the next one."""
    with noted(ctx) as name:
        await asyncio.sleep(2 if ctx.attempt == 1 else 6)
        return name


@task("thread", backoff=SOON)
def thread(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        time.sleep(payload["seconds"])
        return name


@task("blocks", backoff=SOON)
async def blocks(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        time.sleep(payload["seconds"])  # noqa: ASYNC251 - the point
        return name


@task("overstays", max_attempts=2, timeout=0.5, backoff=SOON)
def overstays(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        time.sleep(1.5)
        return name


@task("forks", backoff=SOON)
def forks(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name, multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
        return name


@task("parent", backoff=SOON)
async def parent(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        for _ in range(payload["children"]):
            await ctx.submit("quick", {})
        return name


@task("snoozes", backoff=SOON)
async def snoozes(payload: Payload, ctx: Context) -> str:
    """Twice, as far as its worker lives."""
    with noted(ctx) as name:
        for number in range(2):
            with suppress(FileExistsError):
                os.close(os.open(f"{os.environ['CHAOS_JOURNAL']}.{ctx.task_id}.{number}", os.O_CREAT | os.O_EXCL))
                raise Snooze(name, delay=0.3)
        return name


@task("retries", backoff=SOON)
async def retries(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        if ctx.attempt == 1:
            raise RetryLater(name, delay=0.3)
        return name


@task("stumbles", backoff=SOON)
async def stumbles(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        if ctx.attempt == 1:
            raise ConnectionError(name)
        return name


class Hostile(Exception):
    """Whoever looks at it has an error, too."""

    def __str__(self) -> str:
        raise SystemExit(self)


@task("hostile", max_attempts=2, backoff=SOON)
async def hostile(payload: Payload, ctx: Context) -> str:
    with noted(ctx):
        raise Hostile


@task("unrenderable", max_attempts=2, backoff=SOON)
async def unrenderable(payload: Payload, ctx: Context) -> str:
    """A text where a line's number belongs: rendering the error raises."""
    with noted(ctx) as name:
        raise SyntaxError(name, ("t.html", 3, "7", "{{ x }"))  # type: ignore[arg-type]


@task("permanent")
def permanent(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        raise Permanent(name)


def is_retried(ctx: Context) -> bool:
    return os.path.exists(f"{os.environ['CHAOS_JOURNAL']}.{ctx.task_id}.retried")


@task("cancelled", backoff=SOON)
async def cancelled(payload: Payload, ctx: Context) -> str:
    """The driver asks for its cancellation, or notes that it asks for its retry."""
    with noted(ctx) as name:
        if not is_retried(ctx):
            await asyncio.sleep(60)
        return name


@task("kills", backoff=SOON)
async def kills(payload: Payload, ctx: Context) -> str:
    with noted(ctx) as name:
        if ctx.attempt == 1:
            end_this_process(payload, ctx)
        return name


@task("deadly", max_attempts=2)
def deadly(payload: Payload, ctx: Context) -> str:
    with noted(ctx):
        end_this_process(payload, ctx)
