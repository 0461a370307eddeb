"""What a client may learn of an error: its code and message when it is one of ours, else only that something failed.

Knows GraphQL, never HTTP. The cause of a masked error goes to the log and nowhere else.
"""

import logging
import re
from typing import Any

from graphql import GraphQLError, ValueNode

from taskflow.db.errors import (
    IdempotencyConflict,
    LetterCut,
    LetterNotFound,
    StoreUnavailable,
    TaskNotFound,
    TransitionRejected,
)
from taskflow.graph.execution.access import Forbidden, Unauthenticated
from taskflow.graph.execution.library import to_camel_case
from taskflow.graph.live.watcher import Lagged
from taskflow.infra.errors import NotSent, RateLimited
from taskflow.infra.input import InvalidInput

BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
OURS = frozenset(
    {
        BAD_USER_INPUT,
        "NOT_FOUND",
        "CONFLICT",
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "RATE_LIMITED",
        "LAGGED",
        "SERVICE_UNAVAILABLE",
    }
)
FAULTS = frozenset({INTERNAL_SERVER_ERROR, "SERVICE_UNAVAILABLE"})
"""Ours, and not the caller's."""

# The code of each exception class, and of its subclasses, whose text a client may read.
CODES: dict[type[BaseException], str] = {
    InvalidInput: BAD_USER_INPUT,
    TaskNotFound: "NOT_FOUND",
    LetterNotFound: "NOT_FOUND",
    LetterCut: "CONFLICT",
    TransitionRejected: "CONFLICT",
    IdempotencyConflict: "CONFLICT",
    Unauthenticated: "UNAUTHENTICATED",
    Forbidden: "FORBIDDEN",
    RateLimited: "RATE_LIMITED",
    Lagged: "LAGGED",
    StoreUnavailable: "SERVICE_UNAVAILABLE",
    NotSent: "SERVICE_UNAVAILABLE",
}

FOUND = re.compile(r"(?<=.), found: .*(?=\.$)", re.DOTALL)
"""What graphql-core quotes of an input that does not fit: all of it, and so a task's payload."""

logger = logging.getLogger("taskflow.graphql")


def mask(error: Exception) -> GraphQLError:
    """`error` with one of our codes; logged and without its text when it has none and its class has none in CODES."""
    if not isinstance(error, GraphQLError):
        error = GraphQLError(str(error), original_error=error)
    if code_of(error) in OURS:
        return error
    if isinstance(error.original_error, InvalidInput):
        return _invalid(error, error.original_error)
    if code := _code_of(error.original_error):
        return coded(error, code)
    cause = error.original_error or error
    trace = None if isinstance(cause, GraphQLError) else cause  # whose text quotes the document, and values
    logger.error("unexpected error at %s: %s", error.path, type(cause).__name__, exc_info=trace)
    return GraphQLError(
        "Internal server error", nodes=error.nodes, path=error.path, extensions={"code": INTERNAL_SERVER_ERROR}
    )


def code_of(error: GraphQLError) -> Any:
    return (error.extensions or {}).get("code")


def coded(error: GraphQLError, code: str = BAD_USER_INPUT) -> GraphQLError:
    """`error` itself, carrying `code`. By default the client's mistake, as all that stops a request before it runs."""
    error.extensions = {**(error.extensions or {}), "code": code}
    error.message = FOUND.sub("", error.message)
    return error


def _invalid(error: GraphQLError, cause: InvalidInput) -> GraphQLError:
    """Each field under the name that it has in the schema, in the text and as data."""
    problems = [{"field": to_camel_case(one.field), "message": one.message} for one in cause.problems]
    message = "; ".join(f"{one['field']} {one['message']}" for one in problems)
    extensions = {"code": BAD_USER_INPUT, "errors": problems}
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions=extensions)


def _code_of(cause: Exception | None) -> str | None:
    if isinstance(cause, GraphQLError):
        # An argument whose value only the variables decide is checked while running: graphql-core blames its node.
        return BAD_USER_INPUT if cause.nodes and isinstance(cause.nodes[0], ValueNode) else None
    return next((CODES[kind] for kind in type(cause).__mro__ if kind in CODES), None)
