"""`/ws`: every change of every task, each one text frame with the bus's message. What clients send is ignored.

A socket whose token is withdrawn is closed with 4401.
"""

import asyncio
import logging
from contextlib import aclosing, suppress
from functools import partial
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from taskflow.db.errors import StoreUnavailable
from taskflow.graph.execution.access import Unauthenticated
from taskflow.graph.http.guard import FEED, REFUSED, secret_of
from taskflow.graph.http.security import is_welcome
from taskflow.graph.live.replay import follow_all
from taskflow.graph.live.watcher import Lagged
from taskflow.graph.services import Services
from taskflow.graph.sockets.graphql_ws import DRAIN_WAIT, MAX_SOCKETS
from taskflow.infra.background import in_background

logger = logging.getLogger("taskflow.api")

GONE: Final = (WebSocketDisconnect, WebSocketDisconnected)
POLICY: Final = 1008
INTERNAL: Final = 1011
RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013


async def status_feed(websocket: WebSocket) -> None:
    """Ends when the client goes, or with 1013 when it takes nothing while its buffer is full."""
    services: Services = websocket.app.state.services
    if not is_welcome(websocket.headers, websocket.app.state.allowed_origins):
        await websocket.close(POLICY)
        return
    is_ours = FEED in websocket.scope["subprotocols"]
    await websocket.accept(FEED if is_ours else None)
    if services.draining.is_set() or len(services.feeds) >= MAX_SOCKETS:
        await websocket.close(TRY_AGAIN_LATER)
        return
    services.feeds.add(websocket)
    try:
        with services.tokens.session(websocket, secret_of(websocket.scope), partial(_withdraw, websocket)):
            async with in_background(_send(websocket, services), name="feed"):
                while (await websocket.receive())["type"] != "websocket.disconnect":
                    pass
    except Unauthenticated as error:  # since the guard has looked
        await websocket.close(REFUSED, str(error))
    finally:
        services.feeds.discard(websocket)


async def _send(websocket: WebSocket, services: Services) -> None:
    """To the end, which is a close: upon that `status_feed` hears that the client is gone."""
    with suppress(*GONE):
        try:
            async with aclosing(follow_all(services.resources.engine, services.hub)) as source:
                async for news in source:
                    await _write(websocket, news.text)
        except (Lagged, StoreUnavailable) as error:
            await websocket.close(TRY_AGAIN_LATER, str(error)[:100])
        except GONE:
            return
        except Exception:
            logger.exception("a feed failed")
            await websocket.close(INTERNAL)


async def _write(websocket: WebSocket, text: str) -> None:
    try:
        await websocket.send_text(text)
    except RuntimeError as error:  # uvicorn's word for a connection that it has closed, as when pings go unanswered
        raise WebSocketDisconnected from error


async def drain(services: Services) -> None:
    """Close every feed with 1012, upon which clients connect again; a client that does not read is not waited for."""
    closing = [asyncio.create_task(_close(feed)) for feed in services.feeds]
    if closing:
        _, stuck = await asyncio.wait(closing, timeout=DRAIN_WAIT.total_seconds())
        for task in stuck:
            task.cancel()


async def _withdraw(feed: WebSocket) -> None:
    with suppress(*GONE):
        await feed.close(REFUSED, "The token was withdrawn, or may do less than before")


async def _close(feed: WebSocket) -> None:
    with suppress(*GONE):
        await feed.close(RESTART, "Service restart")
