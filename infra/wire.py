"""How instants and JSON look on every wire: RFC 3339 in UTC with a trailing Z and microseconds; compact UTF-8 JSON."""

import json
import math
from datetime import UTC, datetime
from typing import Any


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
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


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
                pending += [(key, depth) for key in one]
                one = one.values()
            pending += [(inner, depth + 1) for inner in one]
        else:
            _check_scalar(one)


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
