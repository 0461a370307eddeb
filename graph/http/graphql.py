"""GraphQL over HTTP, to the letter of its specification and of graphql-http's audit.

Answers every request with JSON and a status that means what it says. Reads application/json alone, so that no page of
another site can send a mutation without a preflight.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from taskflow.graph.execution.access import Unauthenticated
from taskflow.graph.execution.errors import BAD_USER_INPUT
from taskflow.graph.execution.parameters import NotARequest, Parameters
from taskflow.graph.execution.results import Outcome, Result
from taskflow.graph.execution.schema import Schema
from taskflow.graph.http.body import CHALLENGE, JSON, RETRY_LATER, RETRY_NEXT_SECOND, BodyTooLarge, is_json, read_body
from taskflow.graph.http.security import is_welcome
from taskflow.graph.sockets.graphql_ws import Enter, WebSocketHalf
from taskflow.infra.wire import NotJson, decode_json, encode_json

GRAPHQL = "application/graphql-response+json"
ALLOWED = {  # what an operation may be, by the method that brings it
    "GET": (OperationType.QUERY,),
    "HEAD": (OperationType.QUERY,),
    "POST": (OperationType.QUERY, OperationType.MUTATION),
}

STATUSES: dict[str, tuple[int, Mapping[str, str] | None]] = {
    "FORBIDDEN": (403, None),
    "RATE_LIMITED": (429, RETRY_NEXT_SECOND),
    "SERVICE_UNAVAILABLE": (503, RETRY_LATER),
}
"""And headers, of an operation of which nothing was done."""


class Refusal(Exception):
    """The request ends here."""

    def __init__(
        self, status: int, message: str, code: str = BAD_USER_INPUT, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = {"errors": [{"message": message, "extensions": {"code": code}}]}


class GraphQLApp(WebSocketHalf):
    """An ASGI application for one path, behind a `Route` and a `WebSocketRoute`.

    `context` makes an operation's context from the connection that brought it; `body_limit` is in bytes; pages of the
    `allowed_origins`, besides those of its own origin, may send operations and open sockets. Where `context` raises
    Unauthenticated, nothing is run; `enter` says whose a socket is.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        context: Callable[[HTTPConnection], Any],
        allowed_origins: Sequence[str] = (),
        body_limit: int = 1 << 20,
        enter: Enter = lambda *_: nullcontext(),
    ) -> None:
        super().__init__(schema, context, allowed_origins, enter)
        self.body_limit = body_limit

    async def page(self, request: Request) -> Response | None:
        """What a browser gets that asks for HTML; None treats it as any other client. For a subclass."""
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        accept = request.headers.get("accept") or "*/*"
        if request.method == "GET" and "text/html" in accept and (page := await self.page(request)):
            return page
        media_type = negotiate(accept)
        try:
            context = self._admit(request, media_type)
            result = await self._execute(request, context, await self._parameters(request))
        except Refusal as refusal:
            return answer(refusal.body, media_type or JSON, refusal.status, refusal.headers)
        if isinstance(result, Result):
            return answer(result.body, media_type, *STATUSES.get(result.refusal or "", (200, None)))
        errors = [error.formatted for error in result.errors or []]
        code = errors[0].get("extensions", {}).get("code", "") if errors else ""
        status, headers = STATUSES.get(code, (400 if media_type == GRAPHQL else 200, None))
        return answer({"errors": errors}, media_type, status, headers)

    def _admit(self, request: Request, media_type: str) -> Any:
        """The context for its operation."""
        try:
            context = self.context(request)
        except Unauthenticated as error:
            raise Refusal(401, str(error), "UNAUTHENTICATED", CHALLENGE) from None
        if request.method not in ALLOWED:
            raise Refusal(405, f"Requests are {', '.join(ALLOWED)}.", headers={"allow": ", ".join(ALLOWED)})
        if request.method == "POST" and not is_welcome(request.headers, self.allowed_origins):
            raise Refusal(403, "Pages of this origin may not send operations.", "FORBIDDEN")
        if not media_type:
            raise Refusal(406, f"Answers are {GRAPHQL} or {JSON}.")
        return context

    async def _parameters(self, request: Request) -> Parameters:
        try:
            if request.method != "POST":
                query: dict[str, Any] = dict(request.query_params)
                query |= {key: decode_json(query[key]) for key in ("variables", "extensions") if key in query}
                return Parameters.of(query)
            if not is_json(request):
                raise Refusal(415, f"Send {JSON}.")
            return Parameters.of(decode_json(await read_body(request, self.body_limit)))
        except BodyTooLarge as error:
            raise Refusal(413, str(error)) from None
        except (NotJson, NotARequest) as error:
            raise Refusal(400, str(error)) from None

    async def _execute(self, request: Request, context: Any, parameters: Parameters) -> Outcome:
        query, variables, operation_name, extensions = parameters
        allowed = ALLOWED[request.method]
        try:
            return await self.schema.execute(query, variables, context, None, operation_name, allowed, extensions)
        except InvalidOperationTypeError as error:
            message = error.as_http_error_reason(request.method)
            if error.operation_type is OperationType.MUTATION:
                raise Refusal(405, message, headers={"allow": "POST"}) from None
            raise Refusal(400, message) from None


def answer(body: object, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    kept = {"cache-control": "no-store", "content-type": f"{media_type}; charset=utf-8", **(headers or {})}
    return Response(encode_json(body), status, kept)


@lru_cache(maxsize=128)
def negotiate(accept: str) -> str:
    """The media type to answer in: JSON, or the other where it is named and wanted as much; "" when neither will do."""
    wanted = {
        kind: float(q[1]) if (q := _QUALITY.search(rest)) else 1.0 for kind, rest in _RANGE.findall(accept.lower())
    }
    plain = next((wanted[kind] for kind in (JSON, "application/*", "*/*") if kind in wanted), 0.0)
    named = wanted.get(GRAPHQL, 0.0)
    if named and named >= plain:
        return GRAPHQL
    return JSON if plain else ""


_RANGE = re.compile(r"([^\s,;]+)([^,]*)")
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d*)?)")
