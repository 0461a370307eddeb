"""Another application, with TaskFlow and a worker under /jobs: python host.py PORT."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import taskflow

app = taskflow.mount(worker=True)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    async with taskflow.running(app):
        yield


async def not_found(_: object) -> PlainTextResponse:
    return PlainTextResponse("this is not TaskFlow", 404)


host = Starlette(routes=[Mount("/jobs", app), Route("/{path:path}", not_found)], lifespan=lifespan)
uvicorn.run(host, port=int(sys.argv[1]), log_level="error")
