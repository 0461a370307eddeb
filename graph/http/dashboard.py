"""The built dashboard as static files: hashed names for ever, pages never cached, nothing from another origin.

A page is built with addresses that are relative to the top; it is served with the prefix under which the application is
mounted, so that a deep link finds its files. What those refer to is relative to themselves.
Where the dashboard is not built (a checkout without Node) there is nothing to serve, and the API goes on without it.
"""

import json
import mimetypes
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from taskflow.graph.http.prefix import prefix_of
from taskflow.graph.http.problems import on_http
from taskflow.graph.http.routes import OpenRoute
from taskflow.infra.settings import Settings

HERE: Final = Path(__file__).parent
PLACES: Final = (HERE / "dist", HERE.resolve().parents[1] / "frontend" / "dist")
"""In an installed package; in a checkout."""
PAGES: Final = ("/", "/overview", "/workers", "/queues", "/dead-letters", "/audit", "/new", "/task/{task_id}")
IDE: Final = "graphiql.html"
ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""What the build has compressed already, the smallest first."""
RELATIVE: Final = '="./'
"""How an attribute of a built page begins that refers to a file."""
NONCE: Final = "TASKFLOW_NONCE"
"""Stands in the built page for what its inline styles have to show."""
NEVER: Final = "no-cache"
FOR_EVER: Final = "public, max-age=31536000, immutable"
TOP_SUFFIXES: Final = {".js", ".svg", ".png", ".ico", ".webmanifest", ".txt"}
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
}
"""Not left to the machine's own table of types, which may lack or alter them."""


def built_dashboard() -> Path | None:
    """The folder with its index.html, if there is one."""
    return next((place for place in PLACES if (place / "index.html").is_file()), None)


class Dashboard:
    """Serves the files of one folder. `settings` says where the browser finds the API, when that is elsewhere."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder.resolve()
        self._api = {"apiBase": settings.react_app_api_base, "wsUrl": settings.react_app_ws_url}
        self._headers = {
            "content-security-policy": content_security_policy(*self._api.values()),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        }

    def routes(self) -> list[OpenRoute]:
        """For its pages and files, and no other path: an unknown one is still the API's to refuse."""
        top = [path.name for path in self.folder.iterdir() if path.suffix in TOP_SUFFIXES]
        return [
            *(OpenRoute(page, self.page) for page in PAGES),
            OpenRoute("/config.js", self.config),
            OpenRoute("/assets/{name:path}", self.asset),
            *(OpenRoute(f"/{name}", self.file) for name in top),
        ]

    async def page(self, request: Request) -> Response:
        return await self._page(request, "index.html")

    async def ide(self, request: Request) -> Response | None:
        """GraphiQL, a page of its own; None where it is not built."""
        return await self._page(request, IDE) if (self.folder / IDE).is_file() else None

    async def only_ide(self, request: Request) -> Response:
        """Where the API is elsewhere. Raises HTTPException where GraphiQL is not built."""
        return await self._page(request, IDE)

    async def not_found(self, request: Request, error: Exception) -> Response:
        """At an address that nothing has: the dashboard's own page for a browser, a problem for a program."""
        if request.method in {"GET", "HEAD"} and wants_page(request):
            return await self._page(request, "index.html", 404)
        return await on_http(request, error)

    async def file(self, request: Request) -> Response:
        return self.serve(request, request.url.path.rpartition("/")[2], NEVER)

    async def asset(self, request: Request) -> Response:
        return self.serve(request, f"assets/{request.path_params['name']}", FOR_EVER)

    async def config(self, request: Request) -> Response:
        """Where the API is, read from the environment when the process starts, and the prefix of this request."""
        where = json.dumps(self._api | {"basePath": prefix_of(request)})
        text = f"window.TASKFLOW_CONFIG = {where};\n"
        return Response(text, media_type="text/javascript", headers=self._headers | {"cache-control": NEVER})

    async def _page(self, request: Request, name: str, status: int = 200) -> Response:
        """Written anew for each request: it has a kilobyte, a proxy's header may name any prefix, and its styles need
        a number that nobody knows before. GraphiQL's editor writes styles that can show none.

        Raises HTTPException when there is no such file.
        """
        text = await run_in_threadpool(self._find(name).read_text, "utf-8")
        nonce = secrets.token_urlsafe(16)
        text = text.replace(RELATIVE, f'="{prefix_of(request)}/').replace(NONCE, nonce)
        styles = "'unsafe-inline'" if name == IDE else f"'nonce-{nonce}'"
        policy = content_security_policy(*self._api.values(), styles=styles)
        headers = self._headers | {"content-security-policy": policy, "cache-control": NEVER, "vary": "accept"}
        return HTMLResponse(text, status, headers)

    def serve(self, request: Request, name: str, caching: str) -> Response:
        """Raises HTTPException when there is no such file."""
        path = self._find(name)
        headers = self._headers | {"cache-control": caching, "vary": "accept-encoding"}
        accepted = request.headers.get("accept-encoding", "")
        for encoding, suffix in ENCODINGS:
            packed = path.with_name(path.name + suffix)
            if encoding in accepted and packed.is_file():
                return FileResponse(
                    packed, headers=headers | {"content-encoding": encoding}, media_type=media_type(path)
                )
        return FileResponse(path, headers=headers, media_type=media_type(path))

    def _find(self, name: str) -> Path:
        try:
            path = (self.folder / name).resolve()
            if path.is_relative_to(self.folder / Path(name).parts[0]) and path.is_file():
                return path
        except (OSError, ValueError):  # too long, or with a NUL: no file has such a name
            pass
        raise HTTPException(404)


def wants_page(request: Request) -> bool:
    """As a browser does that somebody has brought here."""
    return "text/html" in request.headers.get("accept", "")


def media_type(path: Path) -> str:
    return TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def content_security_policy(*elsewhere: str, styles: str = "") -> str:
    """Scripts of this origin alone, never inline; connections to it and to the API, when that is elsewhere.

    `styles` are allowed besides those in files: Mantine writes its theme's variables into a <style>.
    """
    origins = " ".join(dict.fromkeys(origin for url in elsewhere for origin in _origins(url)))
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' {styles}".strip(),
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {origins}".strip(),
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _origins(url: str) -> tuple[str, ...]:
    """Of a URL that may be another site's: over HTTP and as a socket. None of a path."""
    parts = urlsplit(url)
    if not parts.netloc:
        return ()
    secure = "s" if parts.scheme in {"https", "wss"} else ""
    return f"http{secure}://{parts.netloc}", f"ws{secure}://{parts.netloc}"
