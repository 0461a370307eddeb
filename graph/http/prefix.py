"""The path prefix under which the application is reached: mounted in another one, or behind a proxy that strips it."""

import re
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
LONGEST: Final = 200


def prefix_of(connection: HTTPConnection) -> str:
    """As "/jobs"; "" at the top. Safe in an attribute, in a header and in a script."""
    prefix = quote(connection.scope.get("root_path", "").strip("/"))
    return f"/{prefix}" if prefix else ""


class ForwardedPrefix:
    """Puts what `X-Forwarded-Prefix` names into `root_path`; a header that is no path is left alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            prefix = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
            if len(prefix) <= LONGEST and PREFIX.fullmatch(prefix):
                path: str = scope["path"]
                stripped = not (path == prefix or path.startswith(f"{prefix}/"))
                root = prefix + scope.get("root_path", "") if stripped else prefix
                scope = {**scope, "root_path": root, "path": prefix + path if stripped else path}
        await self._app(scope, receive, send)
