"""Keeps what runs here alive: heartbeats, progress, cancellations. A heartbeat learns what the bus did not say."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog

from taskflow.db.errors import StoreUnavailable
from taskflow.db.leases import Lease, extend_leases
from taskflow.db.models import StatusEvent
from taskflow.infra.bus import CANCEL_CHANNEL, GAP
from taskflow.infra.events.handover import announce
from taskflow.worker.executor import Executor, RunningAttempt

logger = structlog.get_logger("taskflow.worker")

HEARTBEATS_A_LEASE: Final = 3
PROGRESS_INTERVAL: Final = 0.1
"""Seconds between two rounds of progress reports."""


async def keep_leases(executor: Executor) -> None:
    """Extend every lease three times in its length, for ever."""
    interval = executor.resources.settings.worker_lease.total_seconds() / HEARTBEATS_A_LEASE
    while True:
        await asyncio.sleep(interval)
        try:
            await beat(executor)
        except StoreUnavailable:
            logger.warning("leases not extended: the database is away", running=len(executor.running))
        except Exception:  # the next one may do better; without any, all that runs here would be lost
            logger.exception("leases not extended")


async def beat(executor: Executor) -> None:
    """One heartbeat for all that runs here. Raises StoreUnavailable."""
    running = list(executor.running.values())
    if not running:
        return
    settings = executor.resources.settings
    leases = [Lease(one.claimed.task.id, one.claimed.claim, _news(one)) for one in running]
    held = await extend_leases(
        executor.resources.engine,
        leases,
        worker_id=executor.records.worker_id,
        now=datetime.now(UTC),
        lease=settings.worker_lease,
    )
    for one, lease in zip(running, leases, strict=True):
        one.reported = lease.news or one.reported
        claim, cancel_requested = held.get(one.claimed.task.id, (None, False))
        if executor.running.get(one.claimed.task.id) is not one or one.attempt.done():
            continue
        if claim != one.claimed.claim:
            lose(one)
        elif cancel_requested:
            cancel(executor, one)


def _news(running: RunningAttempt) -> tuple[float, str | None] | None:
    context = running.context
    latest = None if context.fraction is None else (context.fraction, context.message)
    return None if latest == running.reported else latest


def lose(running: RunningAttempt) -> None:
    """Somebody else has the task: stop, and say nothing of how it ended."""
    logger.warning("lease lost", task_id=running.claimed.task.id, attempt=running.claimed.task.attempt)
    running.lost = True
    running.context.request_cancellation()
    running.attempt.cancel()


def cancel(executor: Executor, running: RunningAttempt) -> None:
    """A thread finds out when it asks; a coroutine gets a CancelledError, once."""
    if running.context.is_cancelled:
        return
    running.context.request_cancellation()
    handler = executor.registry.get(running.claimed.task.kind)
    if handler and handler.is_async:
        running.attempt.cancel()


async def hear_cancellations(executor: Executor) -> None:
    """The quick way: the API says on the bus which task to stop. Whatever it misses, the next heartbeat learns."""
    async with executor.resources.bus.subscribe(CANCEL_CHANNEL) as messages:
        async for message in messages:
            running = None if message is GAP else executor.running.get(message.decode(errors="replace"))
            if running and not running.attempt.done():
                cancel(executor, running)


async def report_progress(executor: Executor) -> None:
    """Send the latest progress of each task that has any, at most ten times a second. News, not history."""
    while True:
        await asyncio.sleep(PROGRESS_INTERVAL)
        if executor.unreported:
            tasks, executor.unreported = executor.unreported, set()
            # list() is one step, and a thread that holds the old set may still add to it.
            running = [executor.running[one] for one in list(tasks) if one in executor.running]
            events = [_progress_event(one) for one in running if not one.attempt.done()]
            announce(executor.resources.bus, events)


def _progress_event(running: RunningAttempt) -> StatusEvent:
    event = StatusEvent.of(running.claimed.task, running.claimed.event_id)
    context = running.context
    return replace(event, message=context.message, progress=context.fraction, updated_at=datetime.now(UTC))
