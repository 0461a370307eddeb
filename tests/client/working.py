"""A worker with the shop's handlers, for as long as a test wants one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskflow.infra.resources import Resources
from taskflow.worker.registry import Registry
from taskflow.working import work
from tests.client import handlers


@asynccontextmanager
async def shop_worker(resources: Resources, url: str | None = None) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(work(resources, Registry.load([handlers]), stop, url=url))
    try:
        yield
    finally:
        stop.set()
        await running
