"""A task as callers and middleware see it: the fields of the schema's Task, in snake case. Imports no store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taskflow.db.lifecycle import TaskStatus


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why an attempt failed: the exception's class name or a name of TaskFlow's own, its text, its traceback."""

    type: str
    message: str
    traceback: str | None


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task at one moment. Times are aware, in UTC; `progress` is from 0.0 to 1.0; `duration_ms` in milliseconds."""

    id: str
    title: str
    kind: str
    queue: str
    payload: dict[str, Any] | None
    status: TaskStatus
    message: str | None
    result: Any
    error: ErrorInfo | None
    progress: float | None
    attempt: int
    max_attempts: int
    version: int
    idempotency_key: str | None
    created_at: datetime
    updated_at: datetime
    run_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
