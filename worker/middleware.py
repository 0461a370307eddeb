"""What surrounds an attempt: the middleware of its process, the first outermost."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from taskflow.infra.task_info import TaskInfo
from taskflow.worker.context import Context
from taskflow.worker.task import Middleware

T = TypeVar("T")


async def surround(
    attempt: Callable[[], Awaitable[T]], middleware: Sequence[Middleware], task: TaskInfo, context: Context
) -> T:
    """The attempt's result. Raises what the attempt raised, or what a middleware raised instead.

    An error that a middleware catches is raised all the same: who only logs must not turn a failure into a success.
    """
    if not middleware:
        return await attempt()
    failure: BaseException | None = None
    async with AsyncExitStack() as stack:
        for one in middleware:
            await stack.enter_async_context(asynccontextmanager(one)(task, context))
        try:
            return await attempt()
        except BaseException as error:
            failure = error
            raise
    raise failure or AssertionError("unreachable: an attempt returns or raises")
