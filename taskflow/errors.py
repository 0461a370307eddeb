"""What a call for a task can come to. Each class says in its text what to do."""

from taskflow.infra.errors import CallError, Conflict, InvalidTask, NotFound, Unauthorized, Unavailable
from taskflow.infra.task_info import ErrorInfo

__all__ = [
    "CallError",
    "ClientClosed",
    "Conflict",
    "ErrorInfo",
    "InvalidTask",
    "NotFound",
    "TaskCancelled",
    "TaskFailed",
    "Unauthorized",
    "Unavailable",
    "UnreadableResult",
]


class TaskFailed(Exception):
    """The task is FAILED. `error` says why: `type`, `message` and `traceback`, of its last attempt."""

    def __init__(self, task_id: str, kind: str, error: ErrorInfo) -> None:
        super().__init__(f"Task {task_id} of kind {kind!r} failed with {error.type}: {error.message}")
        self.task_id = task_id
        self.kind = kind
        self.error = error


class TaskCancelled(Exception):
    """The task is CANCELLED: somebody stopped it."""

    def __init__(self, task_id: str, kind: str) -> None:
        super().__init__(f"Task {task_id} of kind {kind!r} was cancelled")
        self.task_id = task_id
        self.kind = kind


class UnreadableResult(ValueError):
    """The task is DONE, and its result is not what the handler's return hint says; `handle.task()` has it as JSON."""


class ClientClosed(RuntimeError):
    """The client is not open: not yet, not any more, or not in this process or event loop."""
