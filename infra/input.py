"""What a task to create may be, checked alike whoever asks for it. Each problem names its field and what it takes."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import uuid_utils

from taskflow.db.errors import TaskFlowError
from taskflow.db.models import NewTask
from taskflow.infra.wire import check_json, encode_json, format_instant, parse_instant

TITLE_MAX: Final = 255
KEY_MAX: Final = 128
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
NAME_TAKES: Final = "takes 1 to 100 letters, digits, or any of _ . : - (not first)"
PAYLOAD_DEPTH: Final = 32
ATTEMPTS_MAX: Final = 100
DEFAULT_KIND: Final = "message"
DEFAULT_QUEUE: Final = "default"
EARLIEST_YEAR: Final = 1000
"""MySQL's DATETIME begins there."""
INSTANT_TAKES: Final = "takes RFC 3339 with a zone, as 2026-01-31T09:30:00Z"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field, by its name in Python; `too_large` where it is only that."""

    field: str
    message: str
    too_large: bool = False


@dataclass(eq=False)
class InvalidInput(TaskFlowError):
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(f"{problem.field} {problem.message}" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class TaskInput:
    """A create as it came, its types already right but for `payload`."""

    title: str
    payload: Any = None
    kind: str | None = None
    queue: str | None = None
    run_at: datetime | None = None
    max_attempts: int | None = None
    idempotency_key: str | None = None


@dataclass(slots=True)
class Problems:
    """Collects every problem of an input, so that a client hears of all at once."""

    prefix: str = ""
    found: list[Problem] = field(default_factory=list)

    def add(self, name: str, message: str, *, too_large: bool = False) -> None:
        self.found.append(Problem(self.prefix + name, message, too_large))

    def check(self, name: str, holds: bool, message: str) -> None:
        if not holds:
            self.add(name, message)


def validate(inputs: Sequence[TaskInput], *, payload_max_bytes: int, prefix: str = "") -> list[NewTask]:
    """Raises InvalidInput with every problem; with a `prefix`, fields read `prefix[3].title`."""
    found: list[Problem] = []
    created = []
    for number, one in enumerate(inputs):
        problems = Problems(f"{prefix}[{number}]." if prefix else "")
        created.append(_new_task(one, payload_max_bytes, problems))
        found += problems.found
    if found:
        raise InvalidInput(tuple(found[:20]))
    return created


def _new_task(one: TaskInput, payload_max_bytes: int, problems: Problems) -> NewTask:
    title, kind, queue = one.title.strip(), one.kind or DEFAULT_KIND, one.queue or DEFAULT_QUEUE
    key = None if one.idempotency_key is None else one.idempotency_key.strip()
    _check_text("title", title, TITLE_MAX, problems)
    if key is not None:
        _check_text("idempotency_key", key, KEY_MAX, problems)
    problems.check("kind", one.kind is None or bool(NAME.fullmatch(one.kind)), NAME_TAKES)
    problems.check("queue", one.queue is None or bool(NAME.fullmatch(one.queue)), NAME_TAKES)
    attempts = one.max_attempts
    problems.check(
        "max_attempts",
        attempts is None or 1 <= attempts <= ATTEMPTS_MAX,
        f"takes a number from 1 to {ATTEMPTS_MAX}",
    )
    payload = _payload(one.payload, payload_max_bytes, problems)
    digest = _digest(title, kind, queue, payload, one) if key is not None and not problems.found else None
    return NewTask(str(uuid_utils.uuid7()), title, kind, queue, payload, one.run_at, attempts, key, digest)


def _check_text(name: str, text: str, longest: int, problems: Problems) -> None:
    if not 1 <= len(text) <= longest:
        problems.add(name, f"takes 1 to {longest} characters after trimming, not {len(text)}")
    elif not text.isprintable() and any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        problems.add(name, "takes no control characters")


def _payload(payload: Any, max_bytes: int, problems: Problems) -> dict[str, Any] | None:
    if payload is None:
        return None
    if not isinstance(payload, dict):
        problems.add("payload", f"takes an object or null, not {_json_name(payload)}")
        return None
    try:
        check_json(payload, max_depth=PAYLOAD_DEPTH)
        size = len(encode_json(payload))
    except ValueError as error:
        problems.add("payload", str(error))
        return None
    if size > max_bytes:
        problems.add("payload", f"takes at most {max_bytes} bytes of JSON, not {size}", too_large=True)
    return payload


def _json_name(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "an array"}
    return names.get(type(value), "something else")


def _digest(title: str, kind: str, queue: str, payload: Any, one: TaskInput) -> str:
    """Of everything that was asked for, so that the same key with anything else is a conflict."""
    run_at = format_instant(one.run_at) if one.run_at else None
    asked = json.dumps([title, kind, queue, payload, run_at, one.max_attempts], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def to_instant(text: Any) -> datetime:
    """Raises ValueError for what is not RFC 3339 with a zone, and for what no database of ours keeps."""
    try:
        at = parse_instant(text)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(INSTANT_TAKES) from None
    if at.year < EARLIEST_YEAR:
        raise ValueError(f"takes no year before {EARLIEST_YEAR}")
    return at
