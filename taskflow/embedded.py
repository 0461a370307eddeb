"""API and worker in one process: what `taskflow up`, a mounted app with a worker, and the tests of a project run."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import ModuleType

from taskflow.graph.app import app_on, drain
from taskflow.graph.http.server import serve, url_of
from taskflow.infra.resources import Resources, open_resources
from taskflow.infra.settings import Settings
from taskflow.migration import migrate_database
from taskflow.worker import builtin, examples
from taskflow.worker.registry import Registry
from taskflow.working import work


def registry_of(modules: Sequence[str | ModuleType]) -> Registry:
    """The built-in kind, what these modules hold, and the examples whose kind is free. Raises HandlerError."""
    return Registry.load([builtin, *modules], examples=examples)


async def run_embedded(settings: Settings, registry: Registry, listener: socket.socket, stop: asyncio.Event) -> None:
    """Migrate, then serve and work until `stop`. Raises StartError."""
    await migrate_database(settings)
    async with open_resources(settings) as resources, working(resources, registry, stop, url_of(listener)) as worker:
        await serve(app_on(resources), listener, stop, drain=drain, before_closing=worker)


@asynccontextmanager
async def working(
    resources: Resources, registry: Registry, stop: asyncio.Event, url: str | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """A worker beside the body; when it ends, whatever the cause, `stop` is set. Raises what ended it."""
    worker = asyncio.create_task(work(resources, registry, stop, url=url), name="worker")
    worker.add_done_callback(lambda _: stop.set())
    try:
        yield worker
    finally:
        stop.set()
        await worker
