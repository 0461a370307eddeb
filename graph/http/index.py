"""What a browser is shown that comes by: where the doors are. Nothing is fetched from anywhere."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from taskflow.graph.http.dashboard import Dashboard, wants_page
from taskflow.graph.http.graphql import GraphQLApp
from taskflow.graph.http.prefix import prefix_of

DOORS: Final = {
    "graphql": ("/graphql", "GraphQL over HTTP (POST), and graphql-transport-ws for subscriptions"),
    "tasks": ("/tasks", "the tasks over REST, newest first"),
    "openapi": ("/openapi.json", "the REST calls, described"),
    "live": ("/ws", "every status change of every task, as text frames over a WebSocket"),
    "health": ("/healthz", "whether every dependency answers"),
}
STYLE: Final = ":root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto}"
STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'",
    "vary": "accept",
}


async def index(request: Request) -> Response:
    """What is where, for whoever comes without knowing: a page for a browser, JSON for a program."""
    prefix = prefix_of(request)
    if wants_page(request):
        doors = "".join(f'<li><a href="{prefix}{path}">{path}</a> {what}</li>' for path, what in DOORS.values())
        return _page(f"<p>Background work over GraphQL: durable, retried, and watched live.</p><ul>{doors}</ul>")
    return JSONResponse(
        {"name": "TaskFlow", **{name: prefix + path for name, (path, _) in DOORS.items()}}, headers=HEADERS
    )


class GraphQLWithPage(GraphQLApp):
    """A browser gets GraphiQL, with the operation that its address has; where that is not built, the answer itself."""

    dashboard: Dashboard | None = None

    async def page(self, request: Request) -> Response | None:
        if self.dashboard and (ide := await self.dashboard.ide(request)):
            return ide
        if "query" in request.query_params:
            return None
        return _page(
            "<p>This is a GraphQL endpoint: send operations by POST as <code>application/json</code>, for example</p>"
            "<pre>curl -H 'content-type: application/json' "
            """-d '{"query": "{ stats { total } }"}' http://…/graphql</pre>"""
            "<p>Subscriptions come over <code>graphql-transport-ws</code>; introspection is on.</p>"
        )


def _page(body: str) -> Response:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>TaskFlow</title><style>{STYLE}</style>'
    return HTMLResponse(f"{head}<h1>TaskFlow</h1>{body}</html>", headers=HEADERS)
