"""Work beside a context manager's body: how it is started and ended, and how long it waits after a failure."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

logger = logging.getLogger("taskflow.background")

CANCEL_AGAIN: Final = timedelta(seconds=10)
FIRST_AGAIN: Final = timedelta(seconds=0.1)
LONGEST_AGAIN: Final = timedelta(seconds=5)
STEADY: Final = timedelta(seconds=60)
"""What ran for so long is begun again at once."""


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run `work`, which ends by itself or is cancelled when the body is left; its failure is raised there.

    Not a TaskGroup, because that would wrap every error of the body, which belongs to our caller, in an ExceptionGroup.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        # More than once, should it be lost: asyncio.wait_for did that before Python 3.12, and libraries use it.
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN.total_seconds())
    if not task.cancelled():
        task.result()


@asynccontextmanager
async def supervised(work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> AsyncIterator[asyncio.Task[None]]:
    """The same for what runs for ever: an error that nobody expected is logged at once, and `work` is begun anew.

    It ends when it returns. A CancelledError that is not ours is such an error too: libraries raise it, and a handler
    may cancel every task that there is.
    """
    ending = asyncio.Event()
    async with in_background(_for_ever(work, name, ending), name=name) as task:
        try:
            yield task
        finally:
            ending.set()


@asynccontextmanager
async def repeated(
    look: Callable[[], Coroutine[Any, Any, None]], *, every: timedelta, name: str
) -> AsyncIterator[asyncio.Task[None]]:
    """Call it once before the body, and again and again beside it."""

    async def go_on() -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            await look()

    await look()
    async with supervised(go_on, name=name) as task:
        yield task


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]], name: str, ending: asyncio.Event) -> None:
    waits, clock = doubling(FIRST_AGAIN, cap=LONGEST_AGAIN), asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            return await work()
        except asyncio.CancelledError:
            if ending.is_set():
                raise
            _forget_cancellation()
            logger.exception("%s was cut off; it is started again", name)
        except Exception:
            logger.exception("%s failed; it is started again", name)
        if clock() - began > STEADY.total_seconds():
            waits = doubling(FIRST_AGAIN, cap=LONGEST_AGAIN)
        await asyncio.sleep(next(waits))


def _forget_cancellation() -> None:
    task = asyncio.current_task()
    while task and task.cancelling():
        task.uncancel()


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for it, no longer than that; whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def is_cancelled() -> bool:
    """Whether somebody asked the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def doubling(first: timedelta, *, cap: timedelta) -> Iterator[float]:
    """Waits in seconds, without end: `first`, then twice as long each time, never above `cap`."""
    wait = first
    while True:
        yield min(wait, cap).total_seconds()
        wait = min(wait * 2, cap)
