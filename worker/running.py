"""An attempt under way in this process: how it is stopped, and when it is really over."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import structlog

from taskflow.db.outcome import Cancelled, GivenBack, Outcome
from taskflow.db.tasks import Claimed
from taskflow.worker.attempt import overdue
from taskflow.worker.context import Context
from taskflow.worker.registry import Handler

logger = structlog.get_logger("taskflow.worker")

LAST_WORDS: Final = timedelta(seconds=5)
"""How long after its time limit a handler may take to end."""


def _future() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False)
class RunningAttempt:
    """From its claim to its recorded outcome. `attempt` is None while it waits for a slot."""

    claimed: Claimed
    context: Context
    attempt: asyncio.Task[Outcome] | None = None
    lost: bool = False
    reported: tuple[float, str | None] | None = None
    _left: "asyncio.Future[None]" = field(default_factory=_future)

    @property
    def is_over(self) -> bool:
        return self.attempt is not None and self.attempt.done()

    @property
    def is_last(self) -> bool:
        task = self.claimed.task
        return task.attempt >= (task.max_attempts or 1)

    @property
    def goes_on(self) -> bool:
        """Whether the handler still runs: a thread can't be stopped, and a coroutine may swallow its CancelledError."""
        return (self.attempt is not None and not self.attempt.done()) or self.context.in_thread

    async def run(self, work: Coroutine[Any, Any, Outcome], handler: Handler | None, *, jitter: float) -> Outcome:
        """What it comes to: at its time limit, or when the worker leaves it, also while it goes on."""
        limit = handler.options.timeout if handler else None
        self.attempt = asyncio.create_task(work, name=f"attempt {self.claimed.task.id}")
        if self.context.is_cancelled or self.context.is_released:
            self.attempt.cancel()  # before it has begun
        try:
            await self._wait([self.attempt], timeout=(limit + LAST_WORDS).total_seconds() if limit else None)
        except asyncio.CancelledError:
            self.release()
            raise
        if not self.attempt.done() and handler and not self._left.done():
            return overdue(handler, self.context, jitter=jitter)
        if self.attempt.done() and not self.attempt.cancelled():
            outcome = self.attempt.result()
        else:
            outcome = Cancelled() if self.context.is_cancelled else GivenBack()
        if isinstance(outcome, GivenBack):
            self.context.request_cancellation()  # a thread goes on until it asks
        return outcome

    async def until_over(self) -> None:
        """Until nothing of it runs any more, or the worker leaves it."""
        while self.goes_on and not self._left.done():
            thread = self.context.thread
            await self._wait([one for one in (self.attempt, thread) if one is not None and not one.done()])

    async def _wait(self, what: "list[asyncio.Future[Any]]", timeout: float | None = None) -> None:
        await asyncio.wait([*what, self._left], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    def release(self) -> None:
        """The worker stops: a coroutine gets a CancelledError, and what comes of it is given back."""
        self.context.release()
        if self.attempt:
            self.attempt.cancel()

    def leave(self) -> None:
        """It did not stop in time: nobody waits for it any more."""
        if not self._left.done():
            self._left.set_result(None)

    def cancel(self) -> None:
        """Somebody asked for it: a thread finds out when it asks; a coroutine gets a CancelledError, once."""
        if self.context.is_cancelled:
            return
        self.context.request_cancellation()
        if self.attempt and not self.context.in_thread:
            self.attempt.cancel()

    def lose(self) -> None:
        """Somebody else has the task: stop, and say nothing of how it ended."""
        task = self.claimed.task
        logger.warning("lease lost", **task.names, attempt=task.attempt)
        self.lost = True
        self.context.request_cancellation()
        if self.attempt:
            self.attempt.cancel()
