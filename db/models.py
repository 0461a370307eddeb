"""The tables of tasks and the records that are read from them. The documented columns are exactly the contract's.

Every other column has a default in the database, so that an INSERT of the documented columns alone makes a sound task.
Its version is then 0: nothing of it is recorded yet, and whoever touches it first records the state it was found in.
"""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Self

import sqlalchemy as sa

from taskflow.db.lifecycle import State, TaskStatus
from taskflow.db.outcome import TaskError
from taskflow.db.traceparent import trace_id
from taskflow.db.types import JSON, NUMBER, STATUS, WORDS, Flag, UtcDateTime, current_instant, word

metadata = sa.MetaData()


tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", sa.CHAR(36), primary_key=True),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("payload", JSON),
    sa.Column("status", STATUS, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False, server_default=current_instant()),
    sa.Column("updated_at", UtcDateTime, nullable=False, server_default=current_instant()),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("kind", word(100), nullable=False, server_default="message"),
    sa.Column("queue", word(100), nullable=False, server_default="default"),
    sa.Column("message", sa.Text),
    sa.Column("result", JSON),
    sa.Column("error", JSON),
    sa.Column("progress", sa.Double),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("max_attempts", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("claim", sa.Integer),
    sa.Column("worker_id", sa.String(100)),
    sa.Column("cancel_requested", Flag, nullable=False, server_default="0"),
    sa.Column("dispatch_at", UtcDateTime),
    sa.Column("run_at", UtcDateTime),
    sa.Column("started_at", UtcDateTime),
    sa.Column("duration_ms", sa.BigInteger),
    sa.Column("idempotency_key", word(128)),
    sa.Column("idempotency_digest", sa.CHAR(64)),
    sa.Column("words", WORDS),
    sa.Column("traceparent", sa.String(55)),
    sa.Index("idx_tasks_status", "status", "created_at", "id", "kind", "queue"),
    sa.Index("idx_tasks_created_at", "created_at", "id"),
    sa.Index("idx_tasks_updated_at", "updated_at", "id", "status", "kind", "queue"),
    sa.Index("idx_tasks_kind", "kind", "created_at", "id", "queue"),
    sa.Index("idx_tasks_queue", "queue", "created_at", "id"),
    sa.Index("idx_tasks_dispatch", "status", "dispatch_at", "queue", "run_at", "updated_at"),
    sa.Index("uq_tasks_idempotency_key", "idempotency_key", unique=True),
    sa.Index("idx_tasks_finished_at", "finished_at", "status", "kind", "duration_ms"),
    sa.Index("idx_tasks_unread", "words", mysql_length=1, mariadb_length=1, sqlite_where=sa.text("words IS NULL")),
    mysql_charset="utf8mb4",
)

task_events = sa.Table(
    "task_events",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("task_id", sa.CHAR(36), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("status", STATUS, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("error", JSON),
    sa.Column("worker_id", sa.String(100)),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("task_id", "version", name="uq_task_events_task_id"),
    mysql_charset="utf8mb4",
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Task:
    """A row of `tasks`, in the table's own order."""

    id: str
    title: str
    payload: dict[str, Any] | None
    status: TaskStatus
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    kind: str
    queue: str
    message: str | None
    result: Any
    error: TaskError | None
    progress: float | None
    attempt: int
    max_attempts: int | None
    version: int
    claim: int | None
    worker_id: str | None
    cancel_requested: bool
    dispatch_at: datetime | None
    run_at: datetime | None
    started_at: datetime | None
    duration_ms: int | None
    idempotency_key: str | None
    idempotency_digest: str | None
    words: str | None
    """The title as searches read it; None until one of our own processes has seen the row."""
    traceparent: str | None
    """The trace that its creation belongs to, as W3C Trace Context writes it."""

    def state(self) -> State:
        return State(*_state_values(self))

    @property
    def trace_id(self) -> str | None:
        return trace_id(self.traceparent)

    @property
    def names(self) -> dict[str, str]:
        """What every line of the log that is about it says."""
        return log_names(self.id, self.traceparent)


_state_values = attrgetter(*State.__slots__)


def log_names(task_id: str, traceparent: str | None) -> dict[str, str]:
    """`task_id`, and `trace_id` where it belongs to a trace."""
    trace = trace_id(traceparent)
    return {"task_id": task_id, "trace_id": trace} if trace else {"task_id": task_id}


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """A row of `task_events`: the state that one recorded change led to."""

    id: int
    task_id: str
    version: int
    status: TaskStatus
    attempt: int
    message: str | None
    error: TaskError | None
    worker_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """A change of a task as it is announced: what was recorded, and what of its task a watcher filters by.

    The one place that spells the live event; its SQL, its JSON and what the schema shows follow from these fields.
    """

    event_id: int
    task_id: str
    version: int
    status: TaskStatus
    attempt: int
    message: str | None
    updated_at: datetime
    title: str
    kind: str
    queue: str
    created_at: datetime
    progress: float | None

    @classmethod
    def of(cls, task: Task, event_id: int) -> Self:
        """The task as its row says, under the id of its latest recorded change."""
        return cls(event_id, task.id, *_event_values(task))


_event_values = attrgetter(*StatusEvent.__slots__[2:])


@dataclass(frozen=True, slots=True)
class NewTask:
    """What a create asks for, validated. `digest` is of the whole input, where there is a key."""

    id: str
    title: str
    kind: str
    queue: str
    payload: dict[str, Any] | None
    run_at: datetime | None
    max_attempts: int | None
    idempotency_key: str | None
    digest: str | None
    traceparent: str | None = None
