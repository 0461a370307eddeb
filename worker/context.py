"""What a running handler holds: who it is, how to report progress, and whether it should stop. Safe from any thread."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Unpack, overload

from taskflow.worker.calls import AsyncHandler, P, PlainHandler, R, SubmitOptions
from taskflow.worker.handle import Handle
from taskflow.worker.text import clean

Submit = Callable[[int, object, object, SubmitOptions], Coroutine[Any, Any, Handle[Any]]]
"""Creates what the handler submits, with its number among those of this task."""


class Context:
    """One attempt of one task, as its handler sees it."""

    def __init__(
        self,
        *,
        task_id: str,
        kind: str,
        title: str,
        attempt: int,
        max_attempts: int,
        on_progress: Callable[[], None],
        submit: Submit,
    ) -> None:
        self.task_id = task_id
        self.kind = kind
        self.title = title
        self.attempt = attempt
        self.max_attempts = max_attempts
        self.fraction: float | None = None
        self.message: str | None = None
        self.saw_cancellation = False
        self._cancelled = False
        self.is_released = False
        self.thread: asyncio.Future[Any] | None = None
        self._on_progress = on_progress
        self._submit = submit
        self._submitted = 0

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Tell watchers how far it is, from 0.0 to 1.0, and what it is doing. Cheap: at most ten a second go out.

        Raises ValueError for a fraction out of range.
        """
        if not 0.0 <= fraction <= 1.0:
            raise ValueError(f"progress takes a fraction from 0.0 to 1.0, not {fraction!r}")
        self.fraction = float(fraction)
        if message is not None:
            self.message = clean(message)
        self._on_progress()

    def note(self, message: str) -> None:
        """The task's message: shown live, and kept on the row when the task is done."""
        self.message = clean(message)
        self._on_progress()

    @overload
    def submit(
        self, handler: str, payload: object = None, **options: Unpack[SubmitOptions]
    ) -> Coroutine[Any, Any, Handle[Any]]: ...
    @overload
    def submit(
        self, handler: AsyncHandler[P, R], payload: P, **options: Unpack[SubmitOptions]
    ) -> Coroutine[Any, Any, Handle[R]]: ...
    @overload
    def submit(
        self, handler: AsyncHandler[None, R], **options: Unpack[SubmitOptions]
    ) -> Coroutine[Any, Any, Handle[R]]: ...
    @overload
    def submit(
        self, handler: PlainHandler[P, R], payload: P, **options: Unpack[SubmitOptions]
    ) -> Coroutine[Any, Any, Handle[R]]: ...
    @overload
    def submit(
        self, handler: PlainHandler[None, R], **options: Unpack[SubmitOptions]
    ) -> Coroutine[Any, Any, Handle[R]]: ...
    def submit(
        self, handler: Any, payload: object = None, **options: Unpack[SubmitOptions]
    ) -> Coroutine[Any, Any, Handle[Any]]:
        """Create another task, at once, and give its Handle. The options are those of `Client.submit`.

        The n-th call gives the same task in every attempt, so that a rerun submits nothing twice; with another kind or
        payload it is a Conflict. Await it in the event loop: a plain `def` can't. Raises InvalidTask, Conflict.
        """
        self._submitted += 1
        return self._submit(self._submitted, handler, payload, options)

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop, or the task is no longer this worker's. Ask in every loop of a plain `def`.

        A handler that returns after it has seen this ends CANCELLED. An `async def` also gets a CancelledError.
        """
        self.saw_cancellation = self._cancelled
        return self.saw_cancellation

    @property
    def is_cancelled(self) -> bool:
        """The same, for the worker itself: the handler has not seen it by this."""
        return self._cancelled

    @property
    def in_thread(self) -> bool:
        """Whether a thread runs the handler, or goes on although the attempt is over: it can't be stopped."""
        return self.thread is not None and not self.thread.done()

    def request_cancellation(self) -> None:
        self._cancelled = True

    def release(self) -> None:
        """The worker stops: the CancelledError that comes is its own, not one that the handler made."""
        self.is_released = True
