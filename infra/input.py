"""What a task to create may be, checked alike whoever asks for it. Each problem names its field and what it takes.

Imports no store: callers check with it too, before they ask.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from taskflow.db.errors import TaskFlowError
from taskflow.infra.broker.topology import DEFAULT_QUEUE as DEFAULT_QUEUE
from taskflow.infra.wire import check_json, encode_json, parse_instant

TITLE_MAX: Final = 255
KEY_MAX: Final = 128
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
NAME_TAKES: Final = "takes 1 to 100 letters, digits, or any of _ . : - (not first)"
PAYLOAD_DEPTH: Final = 32
ATTEMPTS_MAX: Final = 100
PROBLEMS_SHOWN: Final = 20
DEFAULT_KIND: Final = "message"
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
    traceparent: str | None = None


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


def check(one: TaskInput, problems: Problems, *, payload_max_bytes: int | None = None) -> TaskInput:
    """The same, its texts trimmed; what is wrong with it is added to `problems`.

    Without `payload_max_bytes` any size will do: how much a payload may have is a setting of the server.
    """
    title = one.title.strip()
    key = None if one.idempotency_key is None else one.idempotency_key.strip()
    check_text("title", title, TITLE_MAX, problems)
    if key is not None:
        check_text("idempotency_key", key, KEY_MAX, problems)
    problems.check("kind", one.kind is None or bool(NAME.fullmatch(one.kind)), NAME_TAKES)
    problems.check("queue", one.queue is None or bool(NAME.fullmatch(one.queue)), NAME_TAKES)
    attempts = one.max_attempts
    problems.check(
        "max_attempts",
        attempts is None or 1 <= attempts <= ATTEMPTS_MAX,
        f"takes a number from 1 to {ATTEMPTS_MAX}",
    )
    payload = _payload(one.payload, payload_max_bytes, problems)
    return replace(one, title=title, payload=payload, idempotency_key=key)


def check_text(name: str, text: str, longest: int, problems: Problems) -> None:
    if not 1 <= len(text) <= longest:
        problems.add(name, f"takes 1 to {longest} characters after trimming, not {len(text)}")
    elif not text.isprintable() and any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        problems.add(name, "takes no control characters")


def _payload(payload: Any, max_bytes: int | None, problems: Problems) -> dict[str, Any] | None:
    if payload is None:
        return None
    if not isinstance(payload, dict):
        problems.add("payload", f"takes an object or null, not {_json_name(payload)}")
        return None
    try:
        check_json(payload, max_depth=PAYLOAD_DEPTH)
        size = len(encode_json(payload)) if max_bytes is not None else 0
    except ValueError as error:
        problems.add("payload", str(error))
        return None
    if max_bytes is not None and size > max_bytes:
        problems.add("payload", f"takes at most {max_bytes} bytes of JSON, not {size}", too_large=True)
    return payload


def _json_name(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "an array"}
    return names.get(type(value), "something else")


def to_instant(text: Any) -> datetime:
    """Raises ValueError for what is not RFC 3339 with a zone, and for what no database of ours keeps."""
    try:
        at = parse_instant(text)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(INSTANT_TAKES) from None
    if at.year < EARLIEST_YEAR:
        raise ValueError(f"takes no year before {EARLIEST_YEAR}")
    return at
