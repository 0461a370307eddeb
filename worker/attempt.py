"""One attempt: the handler runs, and whatever it does becomes an Outcome. Touches neither database nor broker."""

import asyncio
import contextvars
import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, Never, TypeVar, cast

import pydantic

from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Snoozed, Succeeded, TaskError
from taskflow.infra.task_info import TaskInfo
from taskflow.infra.wire import check_json, dump_json, encode_json
from taskflow.worker.context import Context
from taskflow.worker.middleware import surround
from taskflow.worker.payload import described
from taskflow.worker.registry import Handler
from taskflow.worker.task import Middleware, Permanent, RetryLater, Snooze
from taskflow.worker.text import LONGEST_TRACEBACK, clean
from taskflow.worker.threads import THREADS

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
    """What the attempt came to. Raises nothing: whatever a handler does becomes data; an interrupt is its own.

    Once the worker has told it to stop (`context.release`), whatever comes is GivenBack, unless the work was finished.
    """

    async def attempt() -> Any:
        result = await _call(handler, _checked(handler, task.payload), context)
        return _as_json(result, result_max_bytes)

    try:
        result = await surround(attempt, middleware, task, context)
    except BaseException as error:  # noqa: BLE001 - see above
        if context.is_released:
            return GivenBack()
        if _is(error, asyncio.CancelledError) and context.is_cancelled:
            return Cancelled()
        return failed(handler, error, context, jitter)
    if context.saw_cancellation:
        return Cancelled()
    return Succeeded(result, context.message)


def _checked(handler: Handler, payload: Any) -> Any:
    """By the rules of JSON. Raises InvalidPayload, and whatever a check of the handler's author raises."""
    try:
        return handler.payload.validate_json(encode_json(payload))
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
            result = await run_in_thread(lambda: handler.function(*arguments), context)
            return await result if inspect.isawaitable(result) else result
    except TimeoutError as error:
        if not deadline.expired() or limit is None:
            raise
        context.request_cancellation()
        raise TimeoutError(f"The attempt took longer than {limit.total_seconds():g} s") from error


async def run_in_thread(function: Callable[[], T], context: Context) -> T:
    """`context.thread` tells when it has ended, also to who no longer waits for it here."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Callable[[], T]] = loop.create_future()
    context.thread = ended
    variables = contextvars.copy_context()

    def resolve(end: Callable[[], T]) -> None:
        if not ended.done():
            ended.set_result(end)

    def work() -> Callable[[], T]:
        try:
            result = variables.run(function)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for, SystemExit too
            return partial(_raise, error)
        return lambda: result

    def tell(end: Callable[[], T]) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits
            loop.call_soon_threadsafe(resolve, end)

    THREADS.run(work, tell)
    return (await asyncio.shield(ended))()


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


def failed(handler: Handler, error: BaseException, context: Context, jitter: float) -> Outcome:
    """What a failure comes to. An error whose own code fails when it is looked at is a failure like any other."""
    backoff = handler.options.backoff.delay(max(context.attempt, 1), jitter=jitter)
    try:
        return _decided(error, backoff)
    except BaseException:  # noqa: BLE001 - the error's own code: __class__, __str__, what a traceback reads
        return Failed(_described(error), retry_in=backoff)


def _decided(error: BaseException, backoff: timedelta) -> Outcome:
    """By the error that says what is next, also where it comes in a group: Permanent before RetryLater."""
    leaves = list(_leaves(error))
    for leaf in leaves:
        if _is(leaf, Permanent):
            return Failed(_described(leaf, error), retry_in=None)
    for leaf in leaves:
        if _is(leaf, RetryLater) and (delay := cast(RetryLater, leaf).delay) is not None:
            return Failed(_described(leaf, error), retry_in=max(delay, timedelta()))
    if len(leaves) == 1 and _is(leaves[0], Snooze):
        return Snoozed(max(cast(Snooze, leaves[0]).delay, timedelta()), _text(leaves[0]))
    return Failed(_described(leaves[0] if len(leaves) == 1 else error, error), retry_in=backoff)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors of a group, of those in it, and so on; not the cancellations that a TaskGroup made of them."""
    pending = [error]
    while pending:
        one = pending.pop(0)
        if _is(one, BaseExceptionGroup):
            pending += cast("BaseExceptionGroup[BaseException]", one).exceptions
        elif not _is(one, asyncio.CancelledError) or one is error:
            yield one


def _is(error: BaseException, *kinds: type[BaseException]) -> bool:
    """As isinstance, which would ask the error itself for its class."""
    return issubclass(type(error), kinds)


def overdue(handler: Handler, context: Context, *, jitter: float) -> Outcome:
    """What an attempt comes to that its time limit did not stop: the handler swallowed its CancelledError."""
    context.request_cancellation()
    limit = (handler.options.timeout or timedelta()).total_seconds()
    return failed(handler, TimeoutError(f"The attempt took longer than {limit:g} s and does not stop"), context, jitter)


def _described(error: BaseException, whole: BaseException | None = None) -> TaskError:
    """Its type, its text and its traceback, or that of the `whole` it came in; each as far as it can be had."""
    trace = None if _is(error, InvalidPayload, InvalidResult) else _trace(whole or error)
    return task_error(_guarded(lambda: str(type(error).__name__)) or "Exception", _text(error), trace)


def _text(error: BaseException) -> str:
    return _guarded(lambda: clean(str(error)))


def _trace(error: BaseException) -> str:
    """Where it was raised, when the error itself can't be rendered."""
    whole = _guarded(lambda: "".join(traceback.format_exception(error)))
    return whole or _guarded(lambda: "".join(traceback.format_tb(error.__traceback__)))


def _guarded(render: Callable[[], str]) -> str:
    """What an error says of itself runs its author's code: nothing when that fails, whatever it raises."""
    try:
        return render()
    except BaseException:  # noqa: BLE001 - SystemExit too
        return ""


def task_error(type_: str, message: str, trace: str | None = None) -> TaskError:
    """With texts that every database takes; a long traceback keeps its end."""
    kept = clean(trace[-LONGEST_TRACEBACK:], LONGEST_TRACEBACK) if trace else None
    return TaskError(type=type_, message=clean(message) or type_, traceback=kept)


def _say_problems(error: pydantic.ValidationError) -> str:
    problems = [f"{place or 'payload'}: {takes}" for place, takes in described(error)[:5]]
    return "The payload does not fit the handler: " + "; ".join(problems)
