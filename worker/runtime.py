"""A worker: consumer, leases and dispatcher in one TaskGroup, until it is told to stop; then it drains."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from typing import Any

import structlog

from taskflow.infra.broker import Consumer
from taskflow.infra.resources import Resources
from taskflow.infra.submitter import open_submitter
from taskflow.worker.children import Children
from taskflow.worker.dispatcher import Dispatcher
from taskflow.worker.drain import until_drained
from taskflow.worker.executor import Executor
from taskflow.worker.handle import Handle
from taskflow.worker.leases import hear_cancellations, keep_leases, report_progress
from taskflow.worker.records import open_records
from taskflow.worker.registry import Registry
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

    `handle` makes what `ctx.submit` gives. With `drain`, it sets `stop` itself once nothing is left to do.
    """
    settings = resources.settings
    worker_id = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
    logger.info("worker started", worker_id=worker_id, kinds=registry.kinds, queues=settings.worker_queues)
    async with (
        open_records(resources, registry, worker_id=worker_id) as records,
        open_submitter(resources) as submitter,
        resources.broker.consume(settings.worker_queues, prefetch=settings.worker_prefetch) as consumer,
        asyncio.TaskGroup() as background,
    ):
        executor = Executor(resources, registry, records, Children(submitter, settings.payload_max_bytes, handle))
        keeping = [
            background.create_task(loop)
            for loop in (keep_leases(executor), hear_cancellations(executor), report_progress(executor))
        ]
        dispatching = background.create_task(Dispatcher(resources).run())
        if drain:
            keeping.append(background.create_task(_stop_when_drained(executor, stop)))
        await _consume_until(stop, consumer, executor)
        dispatching.cancel()
        await executor.drain(settings.worker_shutdown_timeout)
        for loop in keeping:
            loop.cancel()
    logger.info("worker stopped", worker_id=worker_id)


async def _consume_until(stop: asyncio.Event, consumer: Consumer, executor: Executor) -> None:
    async def stop_consumer() -> None:
        await stop.wait()
        logger.info("worker stopping", running=len(executor.running))
        await consumer.stop()

    stopping = asyncio.create_task(stop_consumer())
    try:
        async for delivery in consumer:
            executor.start(delivery)
    finally:
        stopping.cancel()


async def _stop_when_drained(executor: Executor, stop: asyncio.Event) -> None:
    await until_drained(executor)
    logger.info("nothing is left to do")
    stop.set()
