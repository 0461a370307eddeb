"""What a client sends and gets: strict JSON, and the four parameters of a GraphQL request.

Shared by both transports; each says in its own way that what came is not a request.
"""

import json
import re
from itertools import chain
from math import isfinite
from typing import Any, NamedTuple, NoReturn, TypeVar

import orjson

MAX_NESTING = 200  # a payload of more than its 32 levels is still read, so that the answer can name the field

T = TypeVar("T")


class NotARequest(ValueError):
    """Not JSON, or JSON of another shape."""


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


def decode_json(text: bytes | bytearray | str) -> Any:
    """Raises NotARequest also for what Python takes for JSON and others do not: NaN, infinity, lone surrogates."""
    try:
        text = text if isinstance(text, str) else text.decode()
        value = _DECODER.decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NotARequest(f"Not JSON: {error}.") from None
    except (ValueError, RecursionError):
        raise NotARequest("Not JSON that can be read: a number, a character or the nesting is out of range.") from None
    if text.count("[") + text.count("{") > MAX_NESTING and _is_deeper(value, MAX_NESTING):
        raise NotARequest(f"The JSON is nested more than {MAX_NESTING} levels deep.")
    return value


def encode_json(value: object) -> bytes:
    """Valid JSON in UTF-8 whatever the strings hold: what orjson refuses is escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, an integer beyond 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(digits)
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _is_deeper(value: object, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        containers = (
            item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)
        )
        level = list(chain.from_iterable(containers))
    return bool(level)
