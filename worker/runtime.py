"""A worker: consumers, leases and dispatcher, until it is told to stop; then it drains."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import structlog

from taskflow.infra.background import in_background, supervised
from taskflow.infra.resources import Resources
from taskflow.infra.settings import Settings
from taskflow.infra.submitter import open_submitter
from taskflow.worker.children import Children
from taskflow.worker.dispatcher import Dispatcher
from taskflow.worker.drain import until_drained
from taskflow.worker.executor import Executor
from taskflow.worker.gauges import gauges
from taskflow.worker.handle import Handle
from taskflow.worker.health import LOOPS, keep_health
from taskflow.worker.intake import Intake
from taskflow.worker.leases import open_leases
from taskflow.worker.live import hear_cancellations, report_progress
from taskflow.worker.measures import expect
from taskflow.worker.pauses import Pauses, open_pauses
from taskflow.worker.presence import Presence
from taskflow.worker.quarantine import open_quarantine
from taskflow.worker.records import open_records
from taskflow.worker.registry import Registry
from taskflow.worker.retention import Retention
from taskflow.worker.slots import Slots
from taskflow.worker.submission import Target

logger = structlog.get_logger("taskflow.worker")


async def run_worker(
    resources: Resources,
    registry: Registry,
    stop: asyncio.Event,
    *,
    handle: Callable[[str, Target], Handle[Any]],
    drain: bool = False,
) -> None:
    """Take tasks and run them until `stop` is set; then let what runs end in time, and give back the rest.

    `handle` makes what `ctx.submit` gives. With `drain`, it sets `stop` itself once nothing is left to do. Raises Stuck
    when no slot will ever be free again.
    """
    settings = resources.settings
    worker_id = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
    expect(resources.metrics, registry.kinds, settings.worker_queues)
    logger.info("worker started", worker_id=worker_id, kinds=registry.kinds, queues=[*settings.worker_queues])
    async with AsyncExitStack() as stack:
        records = await stack.enter_async_context(open_records(resources, registry, worker_id=worker_id))
        submitter = await stack.enter_async_context(open_submitter(resources))
        quarantine = await stack.enter_async_context(open_quarantine(resources))
        children = Children(submitter, settings.payload_max_bytes, handle)
        executor = Executor(resources, registry, records, children, quarantine)
        for loop in (hear_cancellations, report_progress):
            await stack.enter_async_context(supervised(partial(loop, executor), name=loop.__name__))
        stack.callback(resources.liveness.forget, *LOOPS)
        shares = groups(settings)
        presence = Presence(resources, registry, [slots for _, slots in shares], worker_id)
        leases = await stack.enter_async_context(open_leases(executor, presence))
        async with AsyncExitStack() as taking:
            intakes = await _start_taking(taking, executor, shares, stop_when_drained=stop if drain else None)
            try:
                await keep_health(resources, intakes, stop)
            finally:
                logger.info("worker stopping", running=len(executor.running))
                leases.note_stopping()
                for intake in intakes:
                    await intake.consumer.stop()
                await executor.drain(settings.worker_shutdown_timeout)
    logger.info("worker stopped", worker_id=worker_id)


def groups(settings: Settings) -> list[tuple[list[str], Slots]]:
    """Queues that share their slots, and each of the others with its own."""
    shared = [name for name, slots in settings.worker_queues.items() if slots is None]
    own = [([name], Slots(slots)) for name, slots in settings.worker_queues.items() if slots is not None]
    return [(shared, Slots(settings.worker_prefetch)), *own] if shared else own


async def _start_taking(
    stack: AsyncExitStack,
    executor: Executor,
    shares: Sequence[tuple[list[str], Slots]],
    *,
    stop_when_drained: asyncio.Event | None,
) -> list[Intake]:
    """An intake for each group of queues, and the dispatcher."""
    pauses = await stack.enter_async_context(open_pauses(executor.resources.engine))
    intakes = [await _open_intake(stack, queues, slots, executor, pauses) for queues, slots in shares]
    stack.enter_context(executor.resources.metrics.showing(partial(gauges, intakes)))
    dispatcher = Dispatcher(executor.resources, executor.came_in_turn, pauses)
    await stack.enter_async_context(supervised(dispatcher.run, name="dispatcher"))
    await stack.enter_async_context(supervised(Retention(executor.resources).run, name="retention"))
    if stop_when_drained:
        draining = _stop_when_drained(executor, pauses, stop_when_drained)
        await stack.enter_async_context(in_background(draining, name="drain"))
    return intakes


async def _open_intake(
    stack: AsyncExitStack, queues: list[str], slots: Slots, executor: Executor, pauses: Pauses
) -> Intake:
    """Its consumer wants nothing yet: what it is to take, and from which queues, `regulate` tells it."""
    consumer = await stack.enter_async_context(executor.resources.broker.consume(queues, prefetch=0))
    intake = Intake(consumer, slots, executor, pauses, queues)
    await stack.enter_async_context(supervised(intake.take_in, name=f"intake of {', '.join(queues)}"))
    await stack.enter_async_context(supervised(intake.regulate, name=f"prefetch of {', '.join(queues)}"))
    return intake


async def _stop_when_drained(executor: Executor, pauses: Pauses, stop: asyncio.Event) -> None:
    await until_drained(executor, pauses)
    logger.info("nothing is left to do")
    stop.set()
