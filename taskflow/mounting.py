"""TaskFlow inside another ASGI application: API, dashboard and, if wanted, a worker, under any prefix.

app = taskflow.mount(handlers=["shop.tasks"], worker=True)
host = Starlette(routes=[Mount("/jobs", app)], lifespan=lambda _: taskflow.running(app))
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from taskflow.embedded import registry_of, working
from taskflow.graph.app import app_on, drain
from taskflow.graph.execution.tokens import load_tokens
from taskflow.graph.http.problems import problem
from taskflow.graph.http.security import keep_local
from taskflow.graph.sockets.feed import TRY_AGAIN_LATER
from taskflow.infra.errors import StartError
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import Settings, load_settings
from taskflow.migration import migrate_database, wait_for_migration
from taskflow.worker.registry import Registry

logger = logging.getLogger("taskflow.api")


def mount(*, handlers: Iterable[str | Callable[..., Any]] = (), worker: bool = False) -> "MountedApp":
    """An ASGI application with the API and the dashboard and, with `worker`, a worker that runs `handlers`.

    `handlers` are names of modules, or functions that `@task` has marked; those of WORKER_HANDLERS are added. Settings
    come from the environment. It opens what it needs in `running(app)`, in its lifespan where the host passes that on,
    or at its first request. Tokens hold here too; without any, and without API_INSECURE=1, it answers to clients of its
    own machine alone. Raises SettingsError, StartError and HandlerError, each with a line that says what to do.
    """
    settings = load_settings()
    load_tokens(settings)
    given = list(handlers)
    functions = ModuleType("taskflow handlers")
    vars(functions).update({f"handler{number}": one for number, one in enumerate(given) if not isinstance(one, str)})
    modules: list[str | ModuleType] = [*settings.worker_handlers, *(one for one in given if isinstance(one, str))]
    return MountedApp(settings, registry_of([*modules, functions]) if worker else None)


@asynccontextmanager
async def running(app: "MountedApp") -> AsyncIterator[None]:
    """Open what a mounted application needs, and close it in order: a lifespan for the host. Raises StartError."""
    await app.open()
    try:
        yield
    finally:
        await app.close()


class MountedApp:
    """What `mount` gives. Belongs to one event loop at a time."""

    def __init__(self, settings: Settings, registry: Registry | None) -> None:
        self._settings = settings
        self._registry = registry
        self.is_open = False
        self._keeper: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[ASGIApp]
        self._stop: asyncio.Event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await Starlette(lifespan=lambda _: running(self))(scope, receive, send)
            return
        try:
            app = await self.open()
        except StartError as error:
            logger.error("TaskFlow can't start: %s", error)  # noqa: TRY400 - the sentence says it all
            await _refuse(scope, receive, send)
            return
        await app(scope, receive, send)

    async def open(self) -> ASGIApp:
        """Once, however often it is called. Raises StartError; the next call tries again."""
        loop = asyncio.get_running_loop()
        if self._keeper is None or self._keeper.done() or self._keeper.get_loop() is not loop:
            self._stop, self._opened = asyncio.Event(), loop.create_future()
            nobodys = contextvars.Context()  # what began this request, its span too, is not what the worker does
            self._keeper = asyncio.create_task(self._keep(self._opened, self._stop), name="taskflow", context=nobodys)
        return await asyncio.shield(self._opened)

    async def close(self) -> None:
        """Let what runs end in time, and close what was opened."""
        if self._keeper is not None:
            self._stop.set()
            await asyncio.wait([self._keeper])

    async def _keep(self, opened: asyncio.Future[ASGIApp], stop: asyncio.Event) -> None:
        """All in one task, which enters each context and leaves it."""
        try:
            async with AsyncExitStack() as stack:
                app = await self._open(stack, stop)
                self.is_open = True
                opened.set_result(app)
                await stop.wait()
                await drain(app)
        except Exception as error:
            if opened.done():
                logger.exception("TaskFlow ended by an error; the next request opens it again")
            else:
                opened.set_exception(error)
        finally:
            self.is_open = False
            opened.cancel()

    async def _open(self, stack: AsyncExitStack, stop: asyncio.Event) -> Starlette:
        settings = self._settings
        is_sqlite = sa.make_url(settings.db_url).get_backend_name() == "sqlite"
        if is_sqlite:
            await migrate_database(settings)
        if self._registry is None and settings.in_memory_broker:
            logger.warning("RABBITMQ_URL is not set, and there is no worker here: nobody runs these tasks")
        resources = await stack.enter_async_context(open_resources(settings))
        if not is_sqlite:
            await wait_for_migration(resources)
        app = app_on(resources)
        keep_local(app, settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        if self._registry is not None:
            await stack.enter_async_context(working(resources, self._registry, stop))
        return app


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
        return
    await problem(503, "TaskFlow can't start at the moment.", headers={"retry-after": "2"})(scope, receive, send)
