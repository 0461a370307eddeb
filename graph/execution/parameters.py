"""The four parameters of a GraphQL request, whichever transport brought it."""

from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class NotARequest(ValueError):
    """JSON of another shape."""


class Parameters(NamedTuple):
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None

    @classmethod
    def of(cls, data: object) -> "Parameters":
        """Raises NotARequest."""
        if not isinstance(data, dict):
            raise NotARequest("A request is one JSON object.")
        query = _optional(data, "query", str, "a string")
        if query is None:
            raise NotARequest("The request has no 'query'.")
        return cls(
            query,
            _optional(data, "variables", dict, "an object or null"),
            _optional(data, "operationName", str, "a string or null"),
            _optional(data, "extensions", dict, "an object or null"),
        )


def _optional(data: dict[str, Any], key: str, kind: type[T], needed: str) -> T | None:
    value = data.get(key)
    if value is None or isinstance(value, kind):
        return value
    raise NotARequest(f"'{key}' has to be {needed}.")
