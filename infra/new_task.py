"""From what a create asks for to the row that it makes: checked, with an id, and a digest where it has a key."""

import hashlib
import json
from collections.abc import Callable, Collection, Sequence

import uuid_utils

from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS
from taskflow.db.models import NewTask
from taskflow.db.secrets import MASK, Path, given_masks
from taskflow.db.traceparent import parse as parse_traceparent
from taskflow.infra.errors import InvalidTask
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


def validate(
    inputs: Sequence[TaskInput],
    *,
    payload_max_bytes: int,
    prefix: str = "",
    secrets: Callable[[str], Collection[Path]] = lambda kind: (),
) -> list[NewTask]:
    """Raises InvalidInput with every problem; with a `prefix`, fields read `prefix[3].title`.

    `secrets` tells where payloads of a kind have them: what is shown in place of one can't be given for it.
    """
    found: list[Problem] = []
    created = []
    for number, one in enumerate(inputs):
        problems = Problems(f"{prefix}[{number}]." if prefix else "")
        checked = check(one, problems, payload_max_bytes=payload_max_bytes)
        if places := [*given_masks(checked.payload, secrets(one.kind or DEFAULT_KIND))]:
            problems.add(
                "payload", f"has {MASK}, which is shown for a secret and is not its value, at {', '.join(places)}"
            )
        found += problems.found
        if not found:
            created.append(_new_task(checked))
    if found:
        raise InvalidInput(tuple(found[:PROBLEMS_SHOWN]))
    return created


def validate_one(one: TaskInput, *, payload_max_bytes: int) -> NewTask:
    """The same for who submits in Python. Raises InvalidTask with each field that is wrong."""
    try:
        [new] = validate([one], payload_max_bytes=payload_max_bytes)
    except InvalidInput as error:
        raise InvalidTask({problem.field: problem.message for problem in error.problems}) from None
    return new


def digest(*asked: object) -> str:
    """The same for the same JSON values, whatever the order of their keys and however their numbers are written."""
    return hashlib.sha256(json.dumps(_plain(asked), sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    """1.0 is the number 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _new_task(one: TaskInput) -> NewTask:
    kind, queue, key = one.kind or DEFAULT_KIND, one.queue or DEFAULT_QUEUE, one.idempotency_key
    run_at = format_instant(one.run_at) if one.run_at else None
    attempts = None if one.max_attempts == DEFAULT_MAX_ATTEMPTS else one.max_attempts
    all_that_was_asked = (one.title, kind, queue, one.payload, run_at, attempts)
    same = digest(*all_that_was_asked) if key is not None else None
    return NewTask(
        str(uuid_utils.uuid7()),
        one.title,
        kind,
        queue,
        one.payload,
        one.run_at,
        one.max_attempts,
        key,
        same,
        parse_traceparent(one.traceparent),
    )
