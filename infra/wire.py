"""How instants and JSON look on every wire: RFC 3339 in UTC with a trailing Z and microseconds; compact UTF-8 JSON."""

import json
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
