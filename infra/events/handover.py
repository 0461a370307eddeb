"""From rows to the bus and the broker: announce, publish, dead-letter; and `dispatch_at` cleared of what was taken."""

from collections.abc import Sequence

import structlog

from taskflow.db import dispatch
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import StatusEvent, Task
from taskflow.infra.broker import DeadLetter, TaskMessage
from taskflow.infra.bus import STATUS_CHANNEL, Bus
from taskflow.infra.events.status import encode
from taskflow.infra.resources import Resources

logger = structlog.get_logger("taskflow.events")


def announce(bus: Bus, events: Sequence[StatusEvent]) -> None:
    """Tell watchers, after the commit. Progress, which is not committed, goes the same way."""
    bus.publish(STATUS_CHANNEL, [encode(event) for event in events])


async def publish(resources: Resources, pending: Sequence[Task]) -> int:
    """To their queues, confirmed, then marked as published. How many were taken; the others stay due."""
    with resources.tracing.publishing(pending) as spans:
        taken = await resources.broker.publish([TaskMessage.of(task) for task in pending])
        for span, ok in zip(spans, taken, strict=True):
            if not ok:
                span.fail("NotConfirmed")
    return await _mark(resources, pending, taken)


async def dead_letter(resources: Resources, failed: Sequence[Task], *, body: bytes | None = None) -> int:
    """To `task.dead`, with the `body` that came where that is at hand, then marked as published."""
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
