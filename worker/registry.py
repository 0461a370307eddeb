"""Handlers by kind: what `@task` has marked in the modules of WORKER_HANDLERS, made ready to run."""

import functools
import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pydantic

from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS
from taskflow.db.secrets import Path
from taskflow.infra.errors import StartError
from taskflow.worker.secret_fields import secret_paths
from taskflow.worker.task import Middleware, Options, is_middleware, options_of

OURS: Final = "taskflow"
POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class HandlerError(StartError):
    """A module of handlers can't be used. Its text says which, and why."""


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
        """Raises HandlerError when it can't be called with a payload, or its type hint can't be checked."""
        options, name = options_of(function), name_of(function)
        if options is None:
            raise HandlerError(f"{name} is no handler: mark it with @task")
        parameters = _parameters(function, name)
        code = _code_of(function)
        if inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code):
            raise HandlerError(f"{name} yields: a handler returns its result")
        try:
            adapter = pydantic.TypeAdapter(_type_hint(code, parameters[0].name, parameters[0].annotation))
        except Exception as error:
            raise HandlerError(f"{name}: its payload's type hint can't be used: {error}") from error
        return cls(options, function, adapter, len(parameters) == 2, inspect.iscoroutinefunction(code))


def name_of(function: Callable[..., Any]) -> str:
    """For a message: where it is defined; of an object, its class."""
    code = _code_of(function)
    return f"{code.__module__}.{code.__qualname__}"


def _code_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind a partial, or behind an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    """Those that the worker fills; what a partial has filled already has a default, by keyword. Raises HandlerError."""
    parameters = [
        one
        for one in inspect.signature(function).parameters.values()
        if not (one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is not inspect.Parameter.empty)
    ]
    if not 1 <= len(parameters) <= 2 or not all(one.kind in POSITIONAL for one in parameters):
        raise HandlerError(f"{name} must take the payload, and optionally the context")
    return parameters


def result_hint(function: Callable[..., Any]) -> Any:
    """What it is annotated to return; Any where it is not. Raises what a hint raises that can't be resolved."""
    code = _code_of(function)
    return _type_hint(code, "return", inspect.signature(code).return_annotation)


def _type_hint(code: Callable[..., Any], name: str, annotation: Any) -> Any:
    """Of this one alone: the others may be known to a type checker only."""
    if annotation is inspect.Parameter.empty:
        return Any
    alone = SimpleNamespace(__annotations__={name: annotation})
    names = getattr(inspect.unwrap(code), "__globals__", None)
    return typing.get_type_hints(alone, globalns=names, include_extras=True)[name]


class Registry:
    """The kinds that one worker runs, and the middleware that surrounds their attempts."""

    def __init__(self, handlers: Iterable[Handler], middleware: Iterable[Middleware] = ()) -> None:
        self.middleware = tuple(dict.fromkeys(middleware))
        self._handlers: dict[str, Handler] = {}
        for handler in handlers:
            kind = handler.options.kind
            other = self._handlers.setdefault(kind, handler)
            if other.function is not handler.function:
                names = f"{name_of(other.function)} and {name_of(handler.function)}"
                raise HandlerError(f"kind {kind!r} has two handlers: {names}")

    @classmethod
    def load(cls, modules: Sequence[str | ModuleType], *, examples: ModuleType | None = None) -> "Registry":
        """Import the modules and take all that is marked in them, and those examples whose kind is free.

        Raises HandlerError.
        """
        loaded = [_import(module) for module in modules]
        handlers = [Handler.of(function) for module in loaded for function in _marked(module)]
        taken = {handler.options.kind for handler in handlers}
        shown = [Handler.of(function) for function in _marked(examples)] if examples else []
        middleware = [one for module in loaded for one in vars(module).values() if is_middleware(one)]
        return cls([*handlers, *(handler for handler in shown if handler.options.kind not in taken)], middleware)

    @property
    def kinds(self) -> list[str]:
        return sorted(self._handlers)

    def get(self, kind: str) -> Handler | None:
        return self._handlers.get(kind)

    def described(self, kind: str) -> tuple[str, int, frozenset[Path]]:
        """Its name, its number of attempts, and where its payload has secrets."""
        return kind, self.max_attempts(kind), secret_paths(self._handlers[kind].payload)

    def max_attempts(self, kind: str) -> int:
        handler = self._handlers.get(kind)
        return handler.options.max_attempts if handler else DEFAULT_MAX_ATTEMPTS


def _import(module: str | ModuleType) -> ModuleType:
    """Raises HandlerError."""
    if isinstance(module, ModuleType):
        return module
    if module == OURS:
        raise HandlerError(
            f"WORKER_HANDLERS: {module} is TaskFlow itself: give the module of your handlers another name"
        )
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise HandlerError(f"WORKER_HANDLERS: {module} can't be imported: {error!r}") from error


def _marked(module: ModuleType) -> Iterator[Callable[..., Any]]:
    return (value for value in vars(module).values() if options_of(value))
