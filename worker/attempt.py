"""One attempt: the handler runs, and whatever it does becomes an Outcome. Touches neither database nor broker."""

import asyncio
import contextvars
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

import pydantic

from db.lifecycle import Cancelled, Failed, Outcome, Succeeded, TaskError
from infra.wire import check_json, dump_json
from worker.context import Context
from worker.registry import Handler, Permanent, RetryLater

T = TypeVar("T")

LONGEST_MESSAGE: Final = 2_000
LONGEST_TRACEBACK: Final = 16_000
DEEPEST_RESULT: Final = 32


async def run_attempt(
    handler: Handler, payload: Any, context: Context, *, jitter: float, result_max_bytes: int
) -> Outcome:
    """What the attempt came to. Raises CancelledError only when the worker itself is stopping."""
    try:
        argument = handler.payload.validate_python(payload)
    except pydantic.ValidationError as error:
        return Failed(task_error("InvalidPayload", _say_problems(error)), retry_in=None)
    try:
        result = await _call(handler, argument, context)
    except asyncio.CancelledError as error:
        if context.is_cancelled:
            return Cancelled()
        if _is_being_cancelled():
            raise
        return _failed(handler, error, context, jitter)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a handler does becomes data
        return _failed(handler, error, context, jitter)
    if context.saw_cancellation:
        return Cancelled()
    return _succeeded(result, context, result_max_bytes)


def _is_being_cancelled() -> bool:
    """By the worker, as opposed to a CancelledError that the handler came up with itself."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


async def _call(handler: Handler, argument: Any, context: Context) -> Any:
    """Raises TimeoutError, saying the limit, after the handler's time; a thread can't be stopped, and is told to."""
    arguments = (argument, context) if handler.takes_context else (argument,)
    limit = handler.options.timeout
    try:
        async with asyncio.timeout(limit.total_seconds() if limit else None) as deadline:
            if handler.is_async:
                return await handler.function(*arguments)
            return await run_in_thread(lambda: handler.function(*arguments))
    except TimeoutError as error:
        if not deadline.expired() or limit is None:
            raise
        context.request_cancellation()
        raise TimeoutError(f"The attempt took longer than {limit.total_seconds():g} s") from error


async def run_in_thread(function: Callable[[], T]) -> T:
    """In a daemon thread of its own, so that one that never returns can't keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    variables = contextvars.copy_context()

    def settle(give: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            give(value)

    def work() -> None:
        try:
            give, value = future.set_result, variables.run(function)
        except BaseException as error:  # noqa: BLE001 - it is handed to the event loop, SystemExit too
            give, value = future.set_exception, error  # type: ignore[assignment]
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, give, value)

    threading.Thread(target=work, daemon=True, name="handler").start()
    return await future


def _succeeded(result: Any, context: Context, result_max_bytes: int) -> Outcome:
    try:
        if isinstance(result, pydantic.BaseModel):
            result = result.model_dump(mode="json")
        check_json(result, max_depth=DEEPEST_RESULT)
        size = len(dump_json(result))
    except (TypeError, ValueError) as error:
        return Failed(task_error("InvalidResult", f"The handler's result {error}"), retry_in=None)
    if size > result_max_bytes:
        sentence = f"The handler's result has {size} bytes of JSON, more than the {result_max_bytes} allowed"
        return Failed(task_error("InvalidResult", sentence), retry_in=None)
    return Succeeded(result, clean(context.message, LONGEST_MESSAGE))


def _failed(handler: Handler, error: BaseException, context: Context, jitter: float) -> Failed:
    described = task_error(
        type(error).__name__, str(error) or type(error).__name__, "".join(traceback.format_exception(error))
    )
    if isinstance(error, Permanent):
        return Failed(described, retry_in=None)
    if isinstance(error, RetryLater) and error.delay is not None:
        return Failed(described, retry_in=max(error.delay, timedelta()))
    return Failed(described, retry_in=handler.options.backoff.delay(max(context.attempt, 1), jitter=jitter))


def task_error(type_: str, message: str, trace: str | None = None) -> TaskError:
    """With texts that every database takes: no lone surrogate, no NUL, not too long; a traceback keeps its end."""
    kept = clean(trace[-LONGEST_TRACEBACK:], LONGEST_TRACEBACK) if trace else None
    return TaskError(type=type_, message=clean(message, LONGEST_MESSAGE) or type_, traceback=kept)


def clean(text: str | None, longest: int) -> str | None:
    if text is None:
        return None
    return text[:longest].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _say_problems(error: pydantic.ValidationError) -> str:
    problems = [f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}" for one in error.errors()[:5]]
    return "The payload does not fit the handler: " + "; ".join(problems)
