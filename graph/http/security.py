"""Whom a browser may bring us requests from. Programs name no origin, so nothing here concerns them."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskflow.graph.execution.library import is_same_origin, normalize_allowed_origins, normalize_origin
from taskflow.graph.http.problems import SAFE, problem
from taskflow.infra.errors import StartError
from taskflow.infra.settings import Settings


def allowed_origins(configured: Iterable[str]) -> frozenset[str]:
    """As browsers write them. Raises StartError."""
    try:
        return normalize_allowed_origins(tuple(configured))
    except ValueError as error:
        raise StartError(f"CORS_ALLOW_ORIGINS: {error}") from error


def is_welcome(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Pages of our own origin and the allowed ones; and programs."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is None:
        return site != "cross-site"
    return (
        site == "same-origin"  # no page can write this header: it tells, also behind a proxy that changes the host
        or is_same_origin(origin, headers.get("host"))
        or bool({"*", normalize_origin(origin)} & set(allowed))
    )


class LocalNames:
    """For a server that only this machine reaches: answers to names of this machine alone.

    Nobody logs in here, so on a laptop only the loopback address keeps others out. A page of the web whose own name was
    rebound to 127.0.0.1 gets in, as same-origin as ours: but its name is in the Host header. Addresses can't be
    rebound, nor can names without a dot; the names in CORS_ALLOW_ORIGINS are the operator's, such as that of a proxy in
    front of us.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._names = None if "*" in allowed else {urlsplit(origin).hostname for origin in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._is_ours(dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            detail = "This server answers to localhost and to addresses. CORS_ALLOW_ORIGINS adds the names of others."
            await problem(421, detail)(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
            if name is None or self._names is None or name in self._names or name.endswith(".localhost"):
                return True
            if "." not in name and ":" not in name:  # no name of the web: localhost, or a machine's own
                return True
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class LocalClients:
    """For a server that is not ours, of which nobody tells us where it listens: answers to clients of this machine.

    A client without an address, as on a Unix socket, has come through what is on this machine.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_here(scope.get("client")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            detail = (
                "Without tokens TaskFlow answers to its own machine alone. Its operator may set API_TOKENS or "
                "API_TOKENS_FILE, or API_INSECURE=1 where the application around it keeps strangers out."
            )
            await problem(403, detail)(scope, receive, send)


def _is_here(client: tuple[str, int] | None) -> bool:
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return True
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def keep_local(app: Starlette, settings: Settings) -> None:
    """Of an application in a server that is not ours."""
    if not settings.may_be_reached:
        app.add_middleware(LocalClients)


class SafeHeaders:
    """Adds to each answer those of SAFE that it lacks."""

    DEFAULTS: Final = tuple((name.encode(), value.encode()) for name, value in SAFE.items())

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                names = {name.lower() for name, _ in headers}
                headers += [default for default in self.DEFAULTS if default[0] not in names]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)
