"""Work beside a context manager's body: how it is started and ended, and how long it waits after a failure."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

CANCEL_AGAIN: Final = timedelta(seconds=10)


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


def doubling(first: timedelta, *, cap: timedelta) -> Iterator[float]:
    """Waits in seconds, without end: `first`, then twice as long each time, never above `cap`."""
    wait = first
    while True:
        yield min(wait, cap).total_seconds()
        wait = min(wait * 2, cap)
