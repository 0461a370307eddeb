"""`/ws`: every change of every task, each one text frame with the bus's message. What clients send is ignored."""

import asyncio
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from graph.context import Services
from graph.live import Lagged

TRY_AGAIN_LATER: Final = 1013
POLICY: Final = 1008


async def status_feed(websocket: WebSocket) -> None:
    """Ends when the client goes, or with 1013 when it is so slow that its buffer is full."""
    services: Services = websocket.app.state.services
    if not _is_welcome(websocket, services.resources.settings.cors_allow_origins):
        await websocket.close(POLICY)
        return
    await websocket.accept()
    sending = asyncio.create_task(_send(websocket, services))
    leaving = asyncio.create_task(_until_gone(websocket))
    services.feeds.add(websocket)
    try:
        await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        services.feeds.discard(websocket)
        for task in (sending, leaving):
            task.cancel()
        await asyncio.wait([sending, leaving])


async def _send(websocket: WebSocket, services: Services) -> None:
    with services.hub.watch() as watcher:
        try:
            async for news in watcher:
                await websocket.send_text(news.frame.decode())
        except Lagged:
            await websocket.close(TRY_AGAIN_LATER, "This client reads too slowly")
        except WebSocketDisconnect:
            return


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _is_welcome(websocket: WebSocket, allowed: tuple[str, ...]) -> bool:
    """Pages of our own origin and the allowed ones; and programs, which name none."""
    origin = websocket.headers.get("origin")
    if origin is None or "*" in allowed or is_same_origin(origin, websocket.headers.get("host")):
        return True
    return normalize_origin(origin) in {normalize_origin(one) for one in allowed}
