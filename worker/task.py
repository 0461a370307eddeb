"""What a handler's author writes: `@task`, `@middleware`, and what an attempt may raise. Starts nothing."""

import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar, cast

from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS
from taskflow.db.outcome import Backoff
from taskflow.infra.input import NAME, NAME_TAKES
from taskflow.infra.task_info import TaskInfo
from taskflow.worker.context import Context

MARK: Final = "__taskflow_options__"
MIDDLEWARE_MARK: Final = "__taskflow_middleware__"

Function = TypeVar("Function", bound=Callable[..., Any])
Middleware = Callable[[TaskInfo, Context], AsyncIterator[None]]
AnyMiddleware = TypeVar("AnyMiddleware", bound=Middleware)


class Permanent(Exception):
    """Raised by a handler when another attempt can't help: the task is FAILED at once."""


class _Later(Exception):
    def __init__(self, message: str, delay: float | timedelta | None) -> None:
        super().__init__(message)
        self.delay = delay if delay is None or isinstance(delay, timedelta) else timedelta(seconds=delay)


class RetryLater(_Later):
    """Raised by a handler that wants another attempt, after `delay` (in seconds) if it gives one. It counts as one."""

    def __init__(
        self, message: str = "The handler asked for another attempt", *, delay: float | timedelta | None = None
    ) -> None:
        super().__init__(message, delay)


class Snooze(_Later):
    """Raised by a handler that can't run yet: again after `delay` (in seconds), and no attempt is used."""

    delay: timedelta

    def __init__(self, message: str = "The handler asked to be run later", *, delay: float | timedelta) -> None:
        super().__init__(message, delay)


@dataclass(frozen=True, slots=True)
class Options:
    """What `@task` says of a kind. `queue` is where a task goes when whoever submits the handler names none."""

    kind: str
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    timeout: timedelta | None = None
    backoff: Backoff = field(default_factory=Backoff)
    queue: str | None = None


def task(
    kind: str,
    *,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    timeout: float | timedelta | None = None,
    backoff: Backoff | None = None,
    queue: str | None = None,
) -> Callable[[Function], Function]:
    """Mark a function, or any callable object, as the handler of `kind`. It stays callable as before.

    `async def` runs in the event loop, `def` in a thread. It takes the payload, validated against its type hint, and if
    it wants the Context. `timeout` is in seconds, for one attempt. `max_attempts` holds for tasks created without a
    number of their own, `queue` for those that are submitted by this handler. Raises ValueError for bad options.
    """
    if not isinstance(kind, str) or not kind:
        raise ValueError('a handler is marked with its kind: @task("name")')
    if not NAME.fullmatch(kind):
        raise ValueError(f"the kind {kind!r}: a kind {NAME_TAKES}")
    if queue is not None and not NAME.fullmatch(queue):
        raise ValueError(f"queue of {kind!r}: a queue {NAME_TAKES}, not {queue!r}")
    if not 1 <= max_attempts <= 100:
        raise ValueError(f"max_attempts of {kind!r} must be from 1 to 100, not {max_attempts}")
    limit = timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout
    if limit is not None and limit <= timedelta():
        raise ValueError(f"timeout of {kind!r} must be more than 0 seconds")
    options = Options(kind, max_attempts, limit, backoff or Backoff(), queue)

    def mark(function: Function) -> Function:
        if isinstance(function, type):
            raise TypeError(f"the handler of {kind!r} is a class: mark an object of it, or a function")
        setattr(function, MARK, options)
        return function

    return mark


def options_of(value: object) -> Options | None:
    """What `@task` said of this object, None when it is no handler. Runs no code of the object's own."""
    options = inspect.getattr_static(value, MARK, None)
    return options if isinstance(options, Options) else None


def is_middleware(value: object) -> bool:
    """Whether `@middleware` has marked it. Runs no code of the object's own."""
    return inspect.getattr_static(value, MIDDLEWARE_MARK, False) is True


def middleware(function: AnyMiddleware) -> AnyMiddleware:
    """Mark an async generator function that surrounds every attempt: it yields once, where the attempt runs.

    What the attempt raises is raised at the `yield`; an error of its own fails the attempt. An attempt that failed
    stays failed, also when the error is caught. Raises TypeError for any other function.
    """
    if not inspect.isasyncgenfunction(cast(object, function)):
        raise TypeError("a middleware is an async generator function: async def … with one yield")
    setattr(function, MIDDLEWARE_MARK, True)
    return function
