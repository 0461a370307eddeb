"""Tasks in each state of their lifecycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from taskflow.db import lifecycle
from taskflow.db.lifecycle import State, TaskStatus
from taskflow.db.outcome import Cancelled, Failed, Outcome, Succeeded, TaskError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
ERROR = TaskError(type="Boom", message="it broke", traceback=None)


def pending(**values: object) -> State:
    state = lifecycle.created(now=NOON, run_at=None, max_attempts=3)
    return replace(state, **values)  # type: ignore[arg-type]


def claimed(state: State | None = None, *, now: datetime = NOON) -> State:
    after = lifecycle.claim(state or pending(), now=now, lease=LEASE, worker_id="w", max_attempts=3)
    assert after is not None
    return after


def finished(state: State, outcome: Outcome, *, now: datetime = NOON) -> State:
    assert state.claim is not None
    after = lifecycle.finish(state, outcome, claim=state.claim, now=now)
    assert after is not None
    return after


def in_status(status: TaskStatus) -> State:
    return {
        TaskStatus.PENDING: pending(),
        TaskStatus.PROCESSING: claimed(),
        TaskStatus.DONE: finished(claimed(), Succeeded()),
        TaskStatus.FAILED: finished(claimed(), Failed(ERROR, None)),
        TaskStatus.CANCELLED: finished(claimed(), Cancelled()),
    }[status]
