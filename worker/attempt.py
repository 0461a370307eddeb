"""One attempt: the handler runs, and whatever it does becomes an Outcome. Touches neither database nor broker."""

import asyncio
import contextvars
import inspect
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, Never, TypeVar

import pydantic

from taskflow.db.outcome import Cancelled, Failed, Outcome, Snoozed, Succeeded, TaskError
from taskflow.infra.task_info import TaskInfo
from taskflow.infra.wire import check_json, dump_json
from taskflow.worker.context import Context
from taskflow.worker.middleware import surround
from taskflow.worker.registry import Handler
from taskflow.worker.task import Middleware, Permanent, RetryLater, Snooze
from taskflow.worker.text import LONGEST_TRACEBACK, clean

T = TypeVar("T")

DEEPEST_RESULT: Final = 32


class InvalidPayload(Permanent):
    """The payload does not fit the handler's type hint."""


class InvalidResult(Permanent):
    """What the handler returned is not JSON that can be kept."""


async def run_attempt(
    handler: Handler,
    task: TaskInfo,
    context: Context,
    *,
    middleware: Sequence[Middleware] = (),
    jitter: float,
    result_max_bytes: int,
) -> Outcome:
    """What the attempt came to. Raises CancelledError only when the worker itself is stopping."""

    async def attempt() -> Any:
        result = await _call(handler, _checked(handler, task.payload), context)
        return _as_json(result, result_max_bytes)

    try:
        result = await surround(attempt, middleware, task, context)
    except asyncio.CancelledError as error:
        if context.is_cancelled:
            return Cancelled()
        if context.is_released:
            raise
        return _failed(handler, error, context, jitter)
    except BaseException as error:  # noqa: BLE001 - whatever a handler does becomes data; an interrupt is its own
        return _failed(handler, error, context, jitter)
    if context.saw_cancellation:
        return Cancelled()
    return Succeeded(result, context.message)


def _checked(handler: Handler, payload: Any) -> Any:
    """Raises InvalidPayload, and whatever a check of the handler's author raises."""
    try:
        return handler.payload.validate_python(payload)
    except pydantic.ValidationError as error:
        raise InvalidPayload(_say_problems(error)) from None


async def _call(handler: Handler, argument: Any, context: Context) -> Any:
    """Raises TimeoutError, saying the limit, after the handler's time; a thread can't be stopped, and is told to."""
    arguments = (argument, context) if handler.takes_context else (argument,)
    limit = handler.options.timeout
    try:
        async with asyncio.timeout(limit.total_seconds() if limit else None) as deadline:
            if handler.is_async:
                return await handler.function(*arguments)
            result = await run_in_thread(lambda: handler.function(*arguments))
            return await result if inspect.isawaitable(result) else result
    except TimeoutError as error:
        if not deadline.expired() or limit is None:
            raise
        context.request_cancellation()
        raise TimeoutError(f"The attempt took longer than {limit.total_seconds():g} s") from error


async def run_in_thread(function: Callable[[], T]) -> T:
    """In a daemon thread of its own, so that one that never returns can't keep the process from ending."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Callable[[], T]] = loop.create_future()
    variables = contextvars.copy_context()

    def resolve(end: Callable[[], T]) -> None:
        if not ended.done():
            ended.set_result(end)

    def work() -> None:
        try:
            result = variables.run(function)
            end = lambda: result  # noqa: E731
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for, SystemExit too
            end = partial(_raise, error)
        with suppress(RuntimeError):  # the loop has closed: nobody waits
            loop.call_soon_threadsafe(resolve, end)

    threading.Thread(target=work, daemon=True, name="handler").start()
    return (await ended)()


def _raise(error: BaseException) -> Never:
    """Not by way of the future, which takes no StopIteration, and would be waited for in vain."""
    raise error


def _as_json(result: Any, max_bytes: int) -> Any:
    """The result as it is stored. Raises InvalidResult."""
    try:
        if isinstance(result, pydantic.BaseModel):
            result = result.model_dump(mode="json")
        check_json(result, max_depth=DEEPEST_RESULT)
        size = len(dump_json(result))
    except (TypeError, ValueError) as error:
        raise InvalidResult(f"The handler's result {error}") from None
    if size > max_bytes:
        raise InvalidResult(f"The handler's result has {size} bytes of JSON, more than the {max_bytes} allowed")
    return result


def _failed(handler: Handler, error: BaseException, context: Context, jitter: float) -> Outcome:
    if isinstance(error, Snooze):
        return Snoozed(max(error.delay, timedelta()), clean(_text(error)))
    trace = None if isinstance(error, InvalidPayload | InvalidResult) else "".join(traceback.format_exception(error))
    described = task_error(type(error).__name__, _text(error), trace)
    if isinstance(error, Permanent):
        return Failed(described, retry_in=None)
    if isinstance(error, RetryLater) and error.delay is not None:
        return Failed(described, retry_in=max(error.delay, timedelta()))
    return Failed(described, retry_in=handler.options.backoff.delay(max(context.attempt, 1), jitter=jitter))


def overdue(handler: Handler, context: Context, *, jitter: float) -> Outcome:
    """What an attempt comes to that its time limit did not stop: the handler swallowed its CancelledError."""
    context.request_cancellation()
    limit = (handler.options.timeout or timedelta()).total_seconds()
    return _failed(
        handler, TimeoutError(f"The attempt took longer than {limit:g} s and does not stop"), context, jitter
    )


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception that can't even say what it is
        return ""


def task_error(type_: str, message: str, trace: str | None = None) -> TaskError:
    """With texts that every database takes; a long traceback keeps its end."""
    kept = clean(trace[-LONGEST_TRACEBACK:], LONGEST_TRACEBACK) if trace else None
    return TaskError(type=type_, message=clean(message) or type_, traceback=kept)


def _say_problems(error: pydantic.ValidationError) -> str:
    problems = [f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}" for one in error.errors()[:5]]
    return "The payload does not fit the handler: " + "; ".join(problems)
