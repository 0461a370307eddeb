"""From rows to the broker and the bus: publish, dead-letter, announce; and off the dispatcher's list what was taken."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from db import dispatch
from db.errors import StoreUnavailable
from db.models import Recorded, Task
from infra.broker import DeadLetter, TaskMessage
from infra.bus import STATUS_CHANNEL, Bus, StatusEvent
from infra.resources import Resources

T = TypeVar("T")
logger = structlog.get_logger("taskflow.worker")


def announce(bus: Bus, recorded: Sequence[Recorded]) -> None:
    """Tell watchers, after the commit."""
    bus.publish(STATUS_CHANNEL, [StatusEvent.of(change).encode() for change in recorded])


async def until_stored(operation: Callable[[], Awaitable[T]], doubts: list[StoreUnavailable] | None = None) -> T:
    """Try again for as long as the database is away: what has been done must be recorded.

    `doubts` gets the failures: each of those tries may have been committed all the same.
    """
    delay = 0.1
    while True:
        try:
            return await operation()
        except StoreUnavailable as error:
            if doubts is not None:
                doubts.append(error)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)


async def publish(resources: Resources, pending: Sequence[Task]) -> int:
    """To their queues, confirmed, then off the list. How many were taken; the others stay due."""
    return await _mark(resources, pending, await resources.broker.publish([TaskMessage.of(task) for task in pending]))


async def dead_letter(resources: Resources, failed: Sequence[Task], *, body: bytes | None = None) -> int:
    """To `task.dead`, as they came where their message is at hand, then off the list."""
    letters = [
        DeadLetter(body or TaskMessage.of(task).encode(), task.message or task.status, task.id) for task in failed
    ]
    return await _mark(resources, failed, await resources.broker.dead_letter(letters))


async def _mark(resources: Resources, handed_over: Sequence[Task], taken: Sequence[bool]) -> int:
    done = [(task.id, task.status, task.version) for task, ok in zip(handed_over, taken, strict=True) if ok]
    try:
        await dispatch.mark_published(resources.engine, done)
    except StoreUnavailable:
        logger.warning("published but not marked: they will be published again", count=len(done))
    return len(done)
