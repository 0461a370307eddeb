"""How instants and JSON look on every wire: RFC 3339 in UTC with microseconds and a Z; strict, compact JSON."""

import json
import math
import re
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, NoReturn

import orjson

MAX_NESTING: Final = 200
"""A payload of more than its 32 levels is still read, so that the answer can name the field."""


class NotJson(ValueError):
    """What came is no JSON that can be read; the text says why."""


def format_instant(at: datetime) -> str:
    """`2026-01-31T09:30:00.123456Z`. Raises ValueError for an instant without a zone."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """The instant in UTC. Raises ValueError when `text` is not RFC 3339 or has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone, as in 2026-01-31T09:30:00Z")
    return at.astimezone(UTC)


def dump_json(value: Any) -> bytes:
    """Compact UTF-8 JSON. Raises ValueError for NaN, infinity and lone surrogates, TypeError for what JSON has not."""
    return _STRICT.encode(value).encode()


LARGEST_INTEGER = 2**64 - 1
SMALLEST_INTEGER = -(2**63)


def check_json(value: Any, *, max_depth: int) -> None:
    """That every database of ours keeps `value` as it is. Raises ValueError with a sentence that says what it can't.

    MySQL's JSON holds integers of 64 bits, and turns larger ones into floats; MariaDB's check takes 32 levels.
    """
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        one, depth = pending.pop()
        if isinstance(one, dict | list | tuple):
            if depth > max_depth:
                raise ValueError(f"is nested more than {max_depth} levels deep")
            if isinstance(one, dict):
                _check_keys(one)
                pending += [(key, depth) for key in one]
                one = one.values()
            pending += [(inner, depth + 1) for inner in one]
        else:
            _check_scalar(one)


def _check_keys(value: dict[Any, Any]) -> None:
    """JSON writes 1 and "1" alike, and None and "null"."""
    written = [dump_json(key).decode() if isinstance(key, int | float | None) else key for key in value]
    if len(set(written)) < len(written):
        raise ValueError("has two keys that are one in JSON")


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("has a lone surrogate, which is not a character")
    elif isinstance(value, int):
        if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            raise ValueError("has an integer of more than 64 bits; send it as a string")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("has a number that JSON has not: NaN or an infinity")
    elif value is not None:
        raise ValueError(f"has a {type(value).__name__}, which is not JSON")


def decode_json(body: bytes | bytearray | str) -> Any:
    """Raises NotJson also for what Python takes for JSON and others do not: NaN, infinity, lone surrogates."""
    text = _text(body)
    try:
        value = _DECODER.decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NotJson(f"Not JSON: {error}.") from None
    except (ValueError, RecursionError):
        raise NotJson("Not JSON that can be read: a number, a character or the nesting is out of range.") from None
    if text.count("[") + text.count("{") > MAX_NESTING and _is_deeper(value, MAX_NESTING):
        raise NotJson(f"The JSON is nested more than {MAX_NESTING} levels deep.")
    return value


def _text(body: bytes | bytearray | str) -> str:
    """RFC 8259, 8.1: JSON is sent in UTF-8, and whoever reads it may pass over a byte-order mark. Raises NotJson."""
    try:
        text = body if isinstance(body, str) else body.decode()
    except UnicodeDecodeError:
        raise NotJson("Not JSON that can be read: it is not in UTF-8.") from None
    return text.removeprefix("\ufeff")


def encode_json(value: object) -> bytes:
    """Valid JSON in UTF-8 whatever the strings hold: what orjson refuses is escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, an integer beyond 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_STRICT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
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
