"""Which trace a call belongs to: by its `traceparent`, or that of the socket that it came over. Its span, for REST."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskflow.db.traceparent import parse
from taskflow.infra.tracing import Tracing


def traceparent_of(connection: HTTPConnection) -> str | None:
    """None without one, and where it is malformed or comes twice."""
    kept: str | None = getattr(connection.state, "traceparent", None)
    return kept or parse(",".join(connection.headers.getlist("traceparent")))


def keep_traceparent(connection: HTTPConnection, parameters: Mapping[str, Any] | None) -> None:
    """For a socket: a browser can send no header with it, so it may come in the payload of `connection_init`."""
    connection.state.traceparent = parse((parameters or {}).get("traceparent"))


class Observed:
    """A route whose calls are spans, named by `route` as it is written, without what stands in its place."""

    def __init__(self, app: ASGIApp, route: str) -> None:
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tracing: Tracing = scope["app"].state.services.resources.tracing
        method, traceparent = scope["method"], traceparent_of(HTTPConnection(scope))
        attributes = {"http.request.method": method, "http.route": self._route}
        with tracing.request(f"{method} {self._route}", traceparent, attributes) as span:

            async def send_and_tell(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.tell({"http.response.status_code": message["status"]})
                    if message["status"] >= 500:
                        span.fail(str(message["status"]))
                await send(message)

            await self._app(scope, receive, send_and_tell)
