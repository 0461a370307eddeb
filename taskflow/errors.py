"""What a call for a task can come to. Each class says in its text what to do."""

from taskflow.infra.errors import (
    CallError,
    Conflict,
    InvalidTask,
    NotFound,
    TaskCancelled,
    TaskFailed,
    Unauthorized,
    Unavailable,
    UnreadableResult,
)
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


class ClientClosed(RuntimeError):
    """The client is not open: not yet, not any more, or not in this process or event loop."""
