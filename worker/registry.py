"""Handlers by kind, and their options. `@task` only marks a function; a worker registers what its modules hold."""

import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any, Final, TypeVar

import pydantic

from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS, Backoff
from taskflow.infra.errors import StartError

MARK: Final = "__taskflow_options__"
POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

Function = TypeVar("Function", bound=Callable[..., Any])


class HandlerError(StartError):
    """A module of handlers can't be used. Its text says which, and why."""


class RetryLater(Exception):
    """Raised by a handler that wants another attempt, after `delay` (in seconds) if it gives one. It counts as one."""

    def __init__(
        self, message: str = "The handler asked for another attempt", *, delay: float | timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.delay = delay if delay is None or isinstance(delay, timedelta) else timedelta(seconds=delay)


class Permanent(Exception):
    """Raised by a handler when another attempt can't help: the task is FAILED at once."""


@dataclass(frozen=True, slots=True)
class Options:
    kind: str
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    timeout: timedelta | None = None
    backoff: Backoff = field(default_factory=Backoff)


def task(
    kind: str,
    *,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    timeout: float | timedelta | None = None,
    backoff: Backoff | None = None,
) -> Callable[[Function], Function]:
    """Mark a function as the handler of `kind`: `async def` runs in the event loop, `def` in a thread.

    It takes the payload, validated against its type hint, and if it wants the Context. `timeout` is in seconds, for one
    attempt. `max_attempts` holds for tasks created without a number of their own. Raises ValueError for bad options.
    """
    if not isinstance(kind, str) or not kind:
        raise ValueError('a handler is marked with its kind: @task("name")')
    if not 1 <= max_attempts <= 100:
        raise ValueError(f"max_attempts of {kind!r} must be from 1 to 100, not {max_attempts}")
    limit = timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout
    if limit is not None and limit <= timedelta():
        raise ValueError(f"timeout of {kind!r} must be more than 0 seconds")
    options = Options(kind, max_attempts, limit, backoff or Backoff())

    def mark(function: Function) -> Function:
        setattr(function, MARK, options)
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that can be run: how, with what, and how to check its payload."""

    options: Options
    function: Callable[..., Any]
    payload: pydantic.TypeAdapter[Any]
    takes_context: bool
    is_async: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Handler":
        """Raises HandlerError when the function can't be called with a payload, or its type hint can't be checked."""
        options: Options = getattr(function, MARK)
        name = f"{function.__module__}.{function.__qualname__}"
        parameters = list(inspect.signature(function).parameters.values())
        if not 1 <= len(parameters) <= 2 or not all(one.kind in POSITIONAL for one in parameters):
            raise HandlerError(f"{name} must take the payload, and optionally the context")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise HandlerError(f"{name} yields: a handler returns its result")
        try:
            adapter = pydantic.TypeAdapter(_type_hint(function, parameters[0]))
        except Exception as error:
            raise HandlerError(f"{name}: its payload's type hint can't be used: {error}") from error
        return cls(options, function, adapter, len(parameters) == 2, inspect.iscoroutinefunction(function))


def _type_hint(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Of this one alone: the others may be known to a type checker only."""
    if parameter.annotation is inspect.Parameter.empty:
        return Any
    alone = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    names = getattr(inspect.unwrap(function), "__globals__", None)
    return typing.get_type_hints(alone, globalns=names, include_extras=True)[parameter.name]


class Registry:
    """The kinds that one worker runs."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        self._handlers: dict[str, Handler] = {}
        for handler in handlers:
            kind = handler.options.kind
            other = self._handlers.setdefault(kind, handler)
            if other.function is not handler.function:
                names = " and ".join(
                    f"{one.function.__module__}.{one.function.__qualname__}" for one in (other, handler)
                )
                raise HandlerError(f"kind {kind!r} has two handlers: {names}")

    @classmethod
    def load(cls, modules: Sequence[str | ModuleType], *, examples: ModuleType | None = None) -> "Registry":
        """Import the modules and take every function that `@task` has marked, and those examples whose kind is free.

        Raises HandlerError.
        """
        handlers = [Handler.of(function) for module in modules for function in _marked(module)]
        taken = {handler.options.kind for handler in handlers}
        shown = [Handler.of(function) for function in _marked(examples)] if examples else []
        return cls([*handlers, *(handler for handler in shown if handler.options.kind not in taken)])

    @property
    def kinds(self) -> list[str]:
        return sorted(self._handlers)

    def get(self, kind: str) -> Handler | None:
        return self._handlers.get(kind)

    def max_attempts(self, kind: str) -> int:
        handler = self._handlers.get(kind)
        return handler.options.max_attempts if handler else DEFAULT_MAX_ATTEMPTS


def _marked(module: str | ModuleType) -> list[Callable[..., Any]]:
    if isinstance(module, str):
        try:
            module = importlib.import_module(module)
        except (Exception, SystemExit) as error:
            raise HandlerError(f"WORKER_HANDLERS: {module} can't be imported: {error!r}") from error
    return [value for value in vars(module).values() if inspect.isfunction(value) and hasattr(value, MARK)]
