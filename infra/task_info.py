"""A task as callers and middleware see it: the fields of the schema's Task, in snake case. Imports no store."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self

from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS, TaskStatus

if TYPE_CHECKING:
    from taskflow.db.models import Task


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

    @classmethod
    def of(cls, row: "Task") -> Self:
        """From its row in the database."""
        values = dict(zip(NAMES, _values(row), strict=True))
        values["error"] = ErrorInfo(**row.error) if row.error else None
        values["max_attempts"] = row.max_attempts or DEFAULT_MAX_ATTEMPTS
        return cls(**values)


NAMES: Final = tuple(field.name for field in fields(TaskInfo))
_values = attrgetter(*NAMES)


@dataclass(frozen=True, slots=True)
class TaskStatusEvent:
    """A change of a task, or its progress. `id` is the event's own; times are aware; `progress` is from 0.0 to 1.0."""

    id: str
    task_id: str
    status: TaskStatus
    message: str | None
    attempt: int
    progress: float | None
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an ended task came to."""

    status: TaskStatus
    kind: str
    message: str | None
    result: Any
    error: ErrorInfo | None
