"""Errors of the REST calls: RFC 9457 problem documents. Never a stack trace, SQL or an address of a dependency."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from taskflow.db.errors import IdempotencyConflict, StoreUnavailable, TaskNotFound, TransitionRejected
from taskflow.graph.execution.access import Forbidden, Unauthenticated
from taskflow.graph.http.body import CHALLENGE, RETRY_LATER, RETRY_NEXT_SECOND, BodyTooLarge
from taskflow.infra.errors import RateLimited
from taskflow.infra.input import InvalidInput, Problem
from taskflow.infra.wire import NotJson, encode_json

logger = logging.getLogger("taskflow.api")

STATUSES: Final[dict[type[Exception], int]] = {
    TaskNotFound: 404,
    TransitionRejected: 409,
    IdempotencyConflict: 409,
    NotJson: 400,
    BodyTooLarge: 413,
    Unauthenticated: 401,
    Forbidden: 403,
    RateLimited: 429,
    StoreUnavailable: 503,
}
CODES: Final = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 429: "RATE_LIMITED"}
"""As GraphQL has them."""
SAFE: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""What no answer goes without: pages have a policy of their own, everything else shows and loads nothing."""
HEADERS: Final = {401: CHALLENGE, 429: RETRY_NEXT_SECOND, 503: RETRY_LATER}


def problem(
    status: int, detail: str, *, errors: Sequence[Problem] = (), headers: dict[str, str] | None = None
) -> Response:
    """Safe by itself: it is an answer from outside of all middleware too, as when something went wrong in there."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if status in CODES:
        body["code"] = CODES[status]
    if errors:
        body["errors"] = [{"field": one.field, "message": one.message} for one in errors]
    return Response(encode_json(body), status, {**SAFE, **(headers or {})}, media_type="application/problem+json")


async def on_expected(request: Request, error: Exception) -> Response:
    """For the classes of STATUSES: their text is for the client."""
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    return problem(status, str(error), headers=HEADERS.get(status))


def unauthenticated() -> Response:
    return problem(401, str(Unauthenticated()), headers=CHALLENGE)


async def on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidInput)  # noqa: S101 - Starlette's handlers take any Exception
    status = 413 if all(one.too_large for one in error.problems) else 422
    return problem(status, str(error), errors=error.problems)


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))


async def on_unexpected(request: Request, error: Exception) -> Response:
    """The cause goes to the log, by Starlette's own server-error handling."""
    return problem(500, "Something went wrong on our side.")


HANDLERS: Final[dict[Any, Any]] = {
    **dict.fromkeys(STATUSES, on_expected),
    InvalidInput: on_invalid,
    HTTPException: on_http,
    Exception: on_unexpected,
}
