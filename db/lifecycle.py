"""What may happen to a task, and what it does to its row. Pure: no I/O, no clock, no randomness of its own.

Each function takes the row's State and returns the next one, its version raised by one, or None where there is nothing
to do. The store writes what comes back and records it as one event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from taskflow.db.errors import TransitionRejected
from taskflow.db.outcome import Backoff, Cancelled, Failed, GivenBack, Outcome, Snoozed, Succeeded, TaskError


class TaskStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED: Final = frozenset({TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED})

MOVES: Final[Mapping[TaskStatus, frozenset[TaskStatus]]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.PROCESSING, TaskStatus.CANCELLED}),
    TaskStatus.PROCESSING: frozenset({TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.PENDING}),
    TaskStatus.DONE: frozenset(),
    TaskStatus.FAILED: frozenset({TaskStatus.PENDING}),
    TaskStatus.CANCELLED: frozenset({TaskStatus.PENDING}),
}
"""Where a task can go from each status. A cancellation asked of a running task is recorded under PROCESSING."""

DEFAULT_MAX_ATTEMPTS: Final = 3
PUBLISH_GRACE: Final = timedelta(seconds=3)
"""How long whoever is about to publish a due row has, before another dispatcher takes it for lost."""
CLOCK_SKEW: Final = timedelta(seconds=1)
"""How far apart the clocks of two machines may be before a message that came on time looks early."""
LONGEST_WAIT: Final = timedelta(days=3650)
"""What a handler that asks for its retry after the end of the calendar gets."""


@dataclass(frozen=True, slots=True)
class State:
    """What the lifecycle knows of a task: the columns it reads and writes, under the names that they have there."""

    status: TaskStatus
    version: int
    attempt: int
    max_attempts: int | None
    claim: int | None
    worker_id: str | None
    cancel_requested: bool
    dispatch_at: datetime | None
    run_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    updated_at: datetime
    message: str | None
    result: Any
    error: TaskError | None
    progress: float | None


def created(*, now: datetime, run_at: datetime | None, max_attempts: int | None) -> State:
    """A new task's state. Its creator has PUBLISH_GRACE to publish it; a scheduled one is left to the dispatcher."""
    scheduled = run_at is not None and run_at > now
    return State(
        status=TaskStatus.PENDING,
        version=1,
        attempt=0,
        max_attempts=max_attempts,
        claim=None,
        worker_id=None,
        cancel_requested=False,
        dispatch_at=run_at if scheduled else now + PUBLISH_GRACE,
        run_at=run_at,
        started_at=None,
        finished_at=None,
        duration_ms=None,
        updated_at=now,
        message=None,
        result=None,
        error=None,
        progress=None,
    )


def is_scheduled(state: State, *, now: datetime) -> bool:
    """Whether the task waits for its date, so that a message for it comes too early."""
    return state.run_at is not None and state.run_at > now + CLOCK_SKEW


def claim(state: State, *, now: datetime, lease: timedelta, worker_id: str, max_attempts: int) -> State | None:
    """A worker takes the task. None when it can't: it is not PENDING, or its date is still to come.

    `max_attempts` holds where whoever created the task named none.
    """
    if state.status is not TaskStatus.PENDING or is_scheduled(state, now=now):
        return None
    return replace(
        state,
        status=TaskStatus.PROCESSING,
        version=state.version + 1,
        attempt=state.attempt + 1,
        max_attempts=state.max_attempts or max_attempts,
        claim=state.version + 1,
        worker_id=worker_id,
        dispatch_at=now + lease,
        started_at=now,
        duration_ms=None,
        updated_at=now,
        message=None,
        error=None,
        progress=None,
    )


def finish(state: State, outcome: Outcome, *, claim: int, now: datetime) -> State | None:
    """An attempt ended. None when it is not the one running: its lease was lost, and so is its outcome."""
    if state.status is not TaskStatus.PROCESSING or state.claim != claim:
        return None
    ended = _ended(state, now)
    match outcome:
        case Succeeded(result, message):
            return _end(ended, TaskStatus.DONE, now, message=message, result=result, error=None)
        case Cancelled():
            return _end(ended, TaskStatus.CANCELLED, now, message="Cancelled")
        case GivenBack() | Snoozed() if state.cancel_requested:
            return _end(ended, TaskStatus.CANCELLED, now, message="Cancelled")
        case Snoozed(retry_in, message):
            waiting = _pending(ended, now + min(retry_in, LONGEST_WAIT))
            return replace(waiting, run_at=waiting.dispatch_at, attempt=state.attempt - 1, message=message)
        case GivenBack(reason):
            return replace(_pending(ended, now), attempt=state.attempt - 1, message=reason)
        case Failed(error, retry_in):
            return _fail(ended, error, retry_in, now)


def lose(state: State, *, now: datetime, jitter: float) -> State | None:
    """A PROCESSING row fell due: its worker is gone. None when it is not, so that nobody is declared lost twice."""
    if state.status is not TaskStatus.PROCESSING or state.dispatch_at is None or state.dispatch_at > now:
        return None
    worker = f"Worker {state.worker_id}" if state.worker_id else "The worker"
    message = f"{worker} was lost during attempt {state.attempt}"
    error = TaskError(type="WorkerLost", message=message, traceback=None)
    return _fail(_ended(state, now), error, Backoff().delay(max(state.attempt, 1), jitter=jitter), now)


def cancel(task_id: str, state: State, *, now: datetime) -> State | None:
    """Somebody wants it stopped: at once when it waits, co-operatively when it runs. None when that was asked already.

    Raises TransitionRejected when the task has ended.
    """
    if state.status is TaskStatus.PENDING:
        return replace(_end(state, TaskStatus.CANCELLED, now, message="Cancelled"), version=state.version + 1)
    if state.status is TaskStatus.PROCESSING and not state.cancel_requested:
        message = "Cancellation requested"
        return replace(state, version=state.version + 1, cancel_requested=True, message=message, updated_at=now)
    if state.status is TaskStatus.PROCESSING:
        return None
    raise TransitionRejected(task_id, state.status, "only one that is PENDING or PROCESSING can be cancelled")


def retry(task_id: str, state: State, *, now: datetime) -> State:
    """Somebody wants it run again: at least one more attempt. Before the first one the kind's own limit still holds.

    Raises TransitionRejected when it is not FAILED or CANCELLED.
    """
    if TaskStatus.PENDING not in MOVES[state.status] or state.status is TaskStatus.PROCESSING:
        raise TransitionRejected(task_id, state.status, "only one that is FAILED or CANCELLED can be retried")
    return replace(
        _pending(state, now + PUBLISH_GRACE),
        version=state.version + 1,
        max_attempts=state.max_attempts and max(state.max_attempts, state.attempt + 1),
        run_at=None,
        finished_at=None,
        updated_at=now,
        message="Retry requested",
        result=None,
        progress=None,
    )


def _ended(state: State, now: datetime) -> State:
    """The running attempt is over, whatever it came to."""
    started = state.started_at or now
    duration = max(now - started, timedelta())
    return replace(
        state, version=state.version + 1, updated_at=now, duration_ms=duration // timedelta(milliseconds=1), claim=None
    )


def _fail(ended: State, error: TaskError, retry_in: timedelta | None, now: datetime) -> State:
    if ended.cancel_requested:
        return _end(ended, TaskStatus.CANCELLED, now, message="Cancelled", error=error)
    if retry_in is not None and ended.attempt < (ended.max_attempts or DEFAULT_MAX_ATTEMPTS):
        waiting = _pending(ended, now + min(retry_in, LONGEST_WAIT))
        return replace(waiting, run_at=waiting.dispatch_at, message=error["message"], error=error)
    failed = _end(ended, TaskStatus.FAILED, now, message=error["message"], error=error)
    return replace(failed, dispatch_at=now + PUBLISH_GRACE)  # until its message has reached task.dead


def _pending(state: State, dispatch_at: datetime) -> State:
    return replace(state, status=TaskStatus.PENDING, dispatch_at=dispatch_at, claim=None, cancel_requested=False)


def _end(state: State, status: TaskStatus, now: datetime, *, message: str | None, **values: Any) -> State:
    progress = 1.0 if status is TaskStatus.DONE and state.progress is not None else state.progress
    return replace(
        state,
        status=status,
        dispatch_at=None,
        claim=None,
        cancel_requested=False,
        finished_at=now,
        updated_at=now,
        message=message,
        progress=progress,
        **values,
    )
