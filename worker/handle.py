"""A task that was submitted, or is named by its id."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Protocol, TypeVar

from taskflow.db.lifecycle import ENDED, TaskStatus
from taskflow.infra.errors import NotFound, TaskCancelled, TaskFailed, UnreadableResult
from taskflow.infra.task_info import ErrorInfo, Outcome, TaskInfo, TaskStatusEvent

R_co = TypeVar("R_co", covariant=True)


class ResultReader(Protocol):
    @property
    def read_result(self) -> Callable[[Any], Any]:
        """From JSON to what the handler's return hint says; raises ValueError for what does not fit."""
        ...


class Listener(Protocol):
    """The events of one task, in order."""

    async def next(self) -> TaskStatusEvent:
        """Raises what ended the watch, NotFound too."""
        ...


class Tasks(Protocol):
    """What a handle needs of whoever made it. Each raises Unavailable and Unauthorized."""

    async def get(self, task_id: str, /) -> TaskInfo | None:
        """None when there is no such task."""
        ...

    def listen(self, task_id: str, /) -> AbstractAsyncContextManager[Listener]:
        """Its present state, then each change."""
        ...

    async def outcome(self, task_id: str, /) -> Outcome:
        """What it came to; waits for a server that is away. Raises NotFound."""
        ...

    async def change(self, mutation: str, task_id: str, /) -> TaskInfo:
        """Raises NotFound, Conflict."""
        ...


class Handle(Generic[R_co]):
    """Holds no connection: all handles of a client share one. Every method raises NotFound when there is no such task.

    `R_co` is what the handler returns; Any for a task that was submitted by its kind.
    """

    def __init__(self, task_id: str, tasks: Tasks, target: ResultReader) -> None:
        self.id = task_id
        self._tasks = tasks
        self._target = target

    def __repr__(self) -> str:
        return f"Handle({self.id!r})"

    async def result(self, timeout: float | None = None) -> R_co:
        """Wait for the end, and give what the handler returned, as its return type.

        `timeout` is in seconds; without one it waits as long as it takes, also for a server that is away meanwhile.
        Raises TaskFailed, TaskCancelled, TimeoutError (the task goes on), UnreadableResult.
        """
        try:
            async with asyncio.timeout(timeout):
                outcome = await self._outcome()
        except TimeoutError:
            raise TimeoutError(f"Task {self.id} did not end within {timeout:g} s. It goes on.") from None
        found: R_co = unwrap(self.id, outcome, self._target)
        return found

    async def _outcome(self) -> Outcome:
        async with self._tasks.listen(self.id) as listener:
            while True:
                event = await listener.next()
                if event.status in ENDED:
                    outcome = await self._tasks.outcome(self.id)
                    if outcome.status in ENDED:  # else it was retried meanwhile
                        return outcome

    async def events(self) -> AsyncGenerator[TaskStatusEvent, None]:
        """Its present state first, then each change and all progress; ends with the task."""
        async with self._tasks.listen(self.id) as listener:
            while True:
                event = await listener.next()
                yield event
                if event.status in ENDED:
                    return

    async def task(self) -> TaskInfo:
        """The task as it is now."""
        found = await self._tasks.get(self.id)
        if found is None:
            raise NotFound(f"There is no task {self.id}.")
        return found

    async def cancel(self) -> TaskInfo:
        """Stop it: at once while PENDING; PROCESSING it is asked to stop. Raises Conflict once it has ended."""
        return await self._tasks.change("cancelTask", self.id)

    async def retry(self) -> TaskInfo:
        """Run it again. Raises Conflict unless it is FAILED or CANCELLED."""
        return await self._tasks.change("retryTask", self.id)


def unwrap(task_id: str, outcome: Outcome, target: ResultReader) -> Any:
    """What an ended task's handler returned. Raises TaskFailed, TaskCancelled, UnreadableResult."""
    if outcome.status is TaskStatus.CANCELLED:
        raise TaskCancelled(task_id, outcome.kind)
    if outcome.status is TaskStatus.FAILED:
        raise TaskFailed(task_id, outcome.kind, outcome.error or ErrorInfo("Failed", outcome.message or "", None))
    try:
        return target.read_result(outcome.result)
    except ValueError as error:
        raise UnreadableResult(f"Task {task_id} of kind {outcome.kind!r} gave another result: {error}") from error
