"""A WebSocket broadcast without anything else: what comes from a channel of Redis goes to every socket as it is."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import redis.asyncio as redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

CHANNEL = "bench.broadcast"
sockets: set[WebSocket] = set()


async def spread() -> None:
    async with redis.from_url(os.environ["REDIS_URL"]) as bus, bus.pubsub() as changes:
        await changes.subscribe(CHANNEL)
        async for change in changes.listen():
            if change["type"] == "message":
                text = change["data"].decode()
                for socket in list(sockets):
                    await socket.send_text(text)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    spreading = asyncio.create_task(spread())
    yield
    spreading.cancel()
    with suppress(asyncio.CancelledError):
        await spreading


async def watch(socket: WebSocket) -> None:
    await socket.accept()
    sockets.add(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        sockets.discard(socket)


async def health(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


app = Starlette(routes=[Route("/healthz", health), WebSocketRoute("/ws", watch)], lifespan=lifespan)
