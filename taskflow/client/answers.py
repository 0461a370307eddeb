"""From what the API says to data, or to an error of `taskflow.errors`. Knows GraphQL, and neither HTTP nor sockets."""

from collections.abc import Mapping, Sequence
from typing import Any

from taskflow.infra.errors import CallError, Conflict, InvalidTask, NotFound, Unauthorized, Unavailable


class NotTaskFlow(Unavailable):
    """What answers is something else."""


class AnswerLost(Unavailable):
    """A request went out and no answer came: whether it was carried out is unknown."""


class Lagged(CallError):
    """The client read too slowly: it resumes after the last event."""


def read(body: Any) -> dict[str, Any]:
    """The data of an answer. Raises the error that it has, or what comes of reading something else."""
    if body.get("errors"):
        raise error_of(body["errors"])
    return dict(body["data"])


def error_of(errors: Sequence[Mapping[str, Any]]) -> CallError:
    """Of the first, which has a code. Raises what comes of reading something else."""
    text = "; ".join(str(one["message"]) for one in errors)
    extensions = errors[0].get("extensions") or {}
    match extensions.get("code"):
        case "NOT_FOUND":
            return NotFound(text)
        case "CONFLICT":
            return Conflict(text)
        case "UNAUTHENTICATED" | "FORBIDDEN":
            return refused_token(text)
        case "BAD_USER_INPUT":
            return _invalid(text, extensions.get("errors") or ())
        case "LAGGED":
            return Lagged(text)
        case "SERVICE_UNAVAILABLE" | "INTERNAL_SERVER_ERROR":
            return AnswerLost(f"TaskFlow answered: {text} Its log says why; try again later.")
        case "RATE_LIMITED":
            return Unavailable(f"TaskFlow answered: {text} Try again later.")
        case _:
            return Unavailable(f"TaskFlow answered: {text}")


def refused_token(text: str) -> Unauthorized:
    return Unauthorized(f"{text.rstrip('.')}. Give Client(token=…) or TASKFLOW_TOKEN a token that may do this.")


def _invalid(text: str, problems: Sequence[Mapping[str, Any]]) -> InvalidTask:
    return InvalidTask({str(one["field"]): str(one["message"]) for one in problems} or {"request": text})
