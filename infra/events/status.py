"""The live event as JSON on the channel `task.status`: the documented keys, and others beside them."""

from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

import orjson

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent
from taskflow.infra.wire import encode_json, format_instant, parse_instant

NAMES: Final = tuple(field.name for field in fields(StatusEvent))
_values = attrgetter(*NAMES)


def encode(event: StatusEvent) -> bytes:
    body = dict(zip(NAMES, _values(event), strict=True))
    body["event_id"] = str(event.event_id)
    body["updated_at"] = format_instant(event.updated_at)
    body["created_at"] = format_instant(event.created_at)
    return encode_json(body)


def decode(body: bytes) -> StatusEvent:
    """Raises ValueError when `body` is not such an event."""
    try:
        found: dict[str, Any] = orjson.loads(body)
        values = {name: found[name] for name in NAMES}
        values["event_id"] = int(values["event_id"])
        values["status"] = TaskStatus(values["status"])
        values["updated_at"] = parse_instant(values["updated_at"])
        values["created_at"] = parse_instant(values["created_at"])
        return StatusEvent(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a status event: {error!r}") from error
