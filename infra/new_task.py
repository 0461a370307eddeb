"""From what a create asks for to the row that it makes: checked, with an id, and a digest where it has a key."""

import hashlib
import json
from collections.abc import Sequence

import uuid_utils

from taskflow.db.models import NewTask
from taskflow.infra.input import (
    DEFAULT_KIND,
    DEFAULT_QUEUE,
    PROBLEMS_SHOWN,
    InvalidInput,
    Problem,
    Problems,
    TaskInput,
    check,
)
from taskflow.infra.wire import format_instant


def validate(inputs: Sequence[TaskInput], *, payload_max_bytes: int, prefix: str = "") -> list[NewTask]:
    """Raises InvalidInput with every problem; with a `prefix`, fields read `prefix[3].title`."""
    found: list[Problem] = []
    created = []
    for number, one in enumerate(inputs):
        problems = Problems(f"{prefix}[{number}]." if prefix else "")
        checked = check(one, problems, payload_max_bytes=payload_max_bytes)
        found += problems.found
        if not found:
            created.append(_new_task(checked))
    if found:
        raise InvalidInput(tuple(found[:PROBLEMS_SHOWN]))
    return created


def _new_task(one: TaskInput) -> NewTask:
    kind, queue, key = one.kind or DEFAULT_KIND, one.queue or DEFAULT_QUEUE, one.idempotency_key
    digest = _digest(one, kind, queue) if key is not None else None
    return NewTask(
        str(uuid_utils.uuid7()), one.title, kind, queue, one.payload, one.run_at, one.max_attempts, key, digest
    )


def _digest(one: TaskInput, kind: str, queue: str) -> str:
    """Of everything that was asked for, so that the same key with anything else is a conflict."""
    run_at = format_instant(one.run_at) if one.run_at else None
    asked = json.dumps([one.title, kind, queue, one.payload, run_at, one.max_attempts], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()
