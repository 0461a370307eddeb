"""What a program submits, checked before anybody is asked: a handler or a kind, a payload, options.

One set of rules for clients and for handlers that submit, the server's own where it has one. Raises InvalidTask with
every problem at once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import pydantic

from taskflow.infra.errors import InvalidTask
from taskflow.infra.input import Problems, TaskInput, check, to_instant
from taskflow.infra.tracing.current import current_traceparent
from taskflow.infra.wire import encode_json, format_instant
from taskflow.worker.calls import SubmitOptions
from taskflow.worker.payload import dump
from taskflow.worker.registry import Handler, name_of, result_hint
from taskflow.worker.task import options_of

RUN_AT_TAKES: Final = "takes a datetime with a zone, as datetime.now(UTC) + timedelta(hours=1)"
DELAY_TAKES: Final = "takes seconds, 0 or more, or a timedelta"
ANYTHING: Final = pydantic.TypeAdapter[Any](Any)


@dataclass(frozen=True)
class Target:
    """Who is to run a task: a handler, whose payload and result have types, or a kind alone."""

    kind: str
    queue: str | None = None
    payload: pydantic.TypeAdapter[Any] = ANYTHING
    function: Callable[..., Any] | None = None

    @classmethod
    def of(cls, handler_or_kind: object) -> "Target":
        """Raises TypeError for what is neither, HandlerError for a handler that no worker would take."""
        if isinstance(handler_or_kind, str):
            return cls(handler_or_kind)
        if options_of(handler_or_kind) is None or not callable(handler_or_kind):
            raise TypeError(f"submit takes a handler that @task has marked, or a kind, not {handler_or_kind!r}")
        handler = Handler.of(handler_or_kind)
        return cls(handler.options.kind, handler.options.queue, handler.payload, handler_or_kind)

    @cached_property
    def read_result(self) -> Callable[[Any], Any]:
        """From a result as JSON to what the handler's return hint says. Raises TypeError for one that can't be used."""
        if self.function is None:
            return _as_it_is
        try:
            hint = result_hint(self.function)
            adapter = None if hint is Any else pydantic.TypeAdapter[Any](hint)
        except Exception as error:
            raise TypeError(f"{name_of(self.function)}: its return type hint can't be used: {error}") from error
        if adapter is None:
            return _as_it_is
        return lambda result: adapter.validate_json(encode_json(result), by_alias=True, by_name=True)


def _as_it_is(result: Any) -> Any:
    return result


def to_input(target: Target, payload: object, options: SubmitOptions, *, now: datetime) -> TaskInput:
    """It belongs to the caller's own trace, where there is one. Raises InvalidTask, and TypeError for an option that
    there is not.
    """
    if unknown := options.keys() - SubmitOptions.__annotations__.keys():
        raise TypeError(f"submit has no option {', '.join(sorted(unknown))}")
    problems: dict[str, str] = {}
    texts = {name: _text(name, options.get(name), problems) for name in ("title", "queue", "key")}
    given = TaskInput(
        title=target.kind if texts["title"] is None else texts["title"],
        payload=_dumped(target, payload, problems),
        kind=target.kind,
        queue=target.queue if texts["queue"] is None else texts["queue"],
        run_at=_instant(options, now, problems),
        max_attempts=_number(options.get("max_attempts"), problems),
        idempotency_key=texts["key"],
        traceparent=current_traceparent(),
    )
    found = Problems()
    checked = check(given, found)
    for problem in found.found:
        problems.setdefault(_NAMES.get(problem.field, problem.field), problem.message)
    if problems:
        raise InvalidTask(problems)
    return checked


_NAMES: Final = {"idempotency_key": "key"}


def in_callers_words(field: str) -> str:
    """The option behind a field that the API names: `maxAttempts` is `max_attempts`, `idempotencyKey` is `key`."""
    name, dot, rest = field.partition(".")
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return _NAMES.get(name, name) + dot + rest


def _dumped(target: Target, payload: object, problems: dict[str, str]) -> Any:
    try:
        return dump(target.payload, payload)
    except InvalidTask as error:
        problems |= error.errors
        return None


def _text(name: str, given: object, problems: dict[str, str]) -> str | None:
    if given is None or isinstance(given, str):
        return given
    problems[name] = f"takes a text, not {type(given).__name__}"
    return None


def _number(given: object, problems: dict[str, str]) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    problems["max_attempts"] = f"takes a whole number, not {type(given).__name__}"
    return None


def _instant(options: SubmitOptions, now: datetime, problems: dict[str, str]) -> datetime | None:
    run_at, delay = options.get("run_at"), options.get("delay")
    if run_at is not None and delay is not None:
        problems["delay"] = "does not go together with run_at"
        return None
    name = "run_at" if delay is None else "delay"
    try:
        at = _run_at(run_at) if delay is None else now + _delay(delay)
        return None if at is None else to_instant(format_instant(at))
    except OverflowError:
        problems[name] = "is beyond the calendar"
    except ValueError as error:
        problems[name] = str(error)
    return None


def _run_at(given: object) -> datetime | None:
    if given is None or (isinstance(given, datetime) and given.tzinfo is not None):
        return given
    raise ValueError(RUN_AT_TAKES)


def _delay(given: object) -> timedelta:
    if isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
        given = timedelta(seconds=given)
    if not isinstance(given, timedelta) or given < timedelta():
        raise ValueError(DELAY_TAKES)
    return given
