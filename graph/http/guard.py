"""The one place where a connection shows its token. Every route is closed to who has none, unless it is an Open one."""

import re
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from taskflow.graph.execution.access import VIEWER, Unauthenticated
from taskflow.graph.http.dashboard import wants_page
from taskflow.graph.http.problems import unauthenticated
from taskflow.graph.http.routes import OpenRoute, OpenWebSocketRoute

BEARER: Final = re.compile(r"^bearer +([^ ]+) *$", re.IGNORECASE)
FEED: Final = "taskflow"
"""The sub-protocol that `/ws` selects for who offers it; beside it a browser offers its token."""
OFFERED: Final = "token."
REFUSED: Final = 4401


class Guard:
    """Puts a connection's Viewer into its scope, and ends it where it has none and comes to a closed door."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            scope[VIEWER] = scope["app"].state.services.tokens.viewer(secret_of(scope))
            if scope[VIEWER] is None and not _is_open(scope):
                await (_refuse_socket if scope["type"] == "websocket" else unauthenticated())(scope, receive, send)
                return
        await self._app(scope, receive, send)


def secret_of(scope: Scope) -> bytes | None:
    """In a header; for a socket of a browser, which can set none, among its sub-protocols or in its address."""
    shown: list[str] = BEARER.findall(Headers(scope=scope).get("authorization", ""))
    if not shown and scope["type"] == "websocket":
        offers: list[str] = scope.get("subprotocols", [])
        shown = [offer.removeprefix(OFFERED) for offer in offers if offer.startswith(OFFERED)]
        shown += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
    return shown[0].encode(errors="replace") if shown else None


def _is_open(scope: Scope) -> bool:
    """An address that nothing has, too, for a browser: it is shown a page that says so."""
    routes: list[BaseRoute] = scope["app"].routes
    found = next((route for route in routes if route.matches(scope)[0] is not Match.NONE), None)
    if found is None and scope["type"] == "http":
        return scope["method"] in {"GET", "HEAD"} and wants_page(Request(scope))
    return isinstance(found, OpenRoute | OpenWebSocketRoute)


async def _refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """No browser tells its page of an answer before the upgrade: who offers our sub-protocol gets one after it."""
    socket = WebSocket(scope, receive, send)
    if FEED in scope.get("subprotocols", ()):
        await socket.accept(FEED)
        await socket.close(REFUSED, str(Unauthenticated()))
    elif "websocket.http.response" in scope.get("extensions", ()):
        await socket.send_denial_response(unauthenticated())
    else:
        await socket.close()
