"""Another application, with TaskFlow and a worker under /jobs: python host.py PORT."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from taskflow.db.migrate import migrate
from taskflow.graph.app import create_app, open_services
from taskflow.graph.services import Services
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import load_settings
from taskflow.worker import builtin, examples
from taskflow.worker.registry import Registry
from taskflow.worker.runtime import run_worker

settings = load_settings()


@asynccontextmanager
async def open_everything() -> AsyncIterator[Services]:
    stop = asyncio.Event()
    async with open_resources(settings) as resources, asyncio.TaskGroup() as group:
        await migrate(resources.engine)
        group.create_task(run_worker(resources, Registry.load([builtin, examples]), stop))
        async with open_services(resources) as services:
            yield services
        stop.set()


taskflow = create_app(settings, open_everything)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    async with taskflow.router.lifespan_context(taskflow):
        yield


async def nothing(_: object) -> PlainTextResponse:
    return PlainTextResponse("this is not TaskFlow", 404)


host = Starlette(
    routes=[Mount("/jobs", taskflow), Route("/{path:path}", nothing)],
    lifespan=lifespan,
)
uvicorn.run(host, port=int(sys.argv[1]), log_level="error", ws_per_message_deflate=False)
