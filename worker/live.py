"""Between a running handler and the bus: progress goes out, cancellations come in."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

from taskflow.db.models import StatusEvent
from taskflow.infra.bus import CANCEL_CHANNEL, GAP
from taskflow.infra.events.handover import announce
from taskflow.worker.executor import Executor
from taskflow.worker.running import RunningAttempt

PROGRESS_INTERVAL: Final = 0.1
"""Seconds between two rounds of progress reports."""


async def hear_cancellations(executor: Executor) -> None:
    """The quick way: the API says on the bus which task to stop. Whatever it misses, the next heartbeat learns."""
    async with executor.resources.bus.subscribe(CANCEL_CHANNEL) as messages:
        async for message in messages:
            running = None if message is GAP else executor.running.get(message.decode(errors="replace"))
            if running and not running.is_over:
                running.cancel()


async def report_progress(executor: Executor) -> None:
    """Send the latest progress of each task that has any, at most ten times a second. News, not history."""
    while True:
        await asyncio.sleep(PROGRESS_INTERVAL)
        if executor.unreported:
            tasks, executor.unreported = executor.unreported, set()
            # list() is one step, and a thread that holds the old set may still add to it.
            running = [executor.running[one] for one in list(tasks) if one in executor.running]
            now = executor.resources.clock.now()
            events = [_progress_event(one, now) for one in running if not one.is_over]
            announce(executor.resources.bus, events)


def _progress_event(running: RunningAttempt, now: datetime) -> StatusEvent:
    event = StatusEvent.of(running.claimed.task, running.claimed.event_id)
    context = running.context
    return replace(event, message=context.message, progress=context.fraction, updated_at=now)
