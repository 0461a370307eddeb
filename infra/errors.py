"""What keeps a process from starting, and what a call for a task can come to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskflow.infra.task_info import ErrorInfo


class StartError(Exception):
    """What keeps a process from starting, or from going on.

    Its text is for the operator: a line for each problem, without passwords, that says what to do.
    """


class CallError(Exception):
    """What a call for a task can come to, over the API and inside a worker. Its text says what to do."""


class InvalidTask(CallError):
    """The task asked for can't be. `errors` has for each field, dotted (`payload.sku`, `title`), what it takes."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {takes}" for field, takes in errors.items()))
        self.errors = errors


class Conflict(CallError):
    """The task is not in a state for that, or its idempotency key was used with another input."""


class NotFound(CallError):
    """There is no such task."""


class Unavailable(CallError):
    """TaskFlow can't be reached, or can't reach its database. Try again later."""


class Unauthorized(CallError):
    """The token is missing, unknown, or its role may not do that."""


class RateLimited(Exception):
    """The caller asks for more in this second than it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} mutations a second are taken from one caller. Try again in a second")


class NotSent(Exception):
    """The broker did not confirm a message: nothing was changed, and a queue may have it all the same."""

    def __str__(self) -> str:
        return "The broker did not confirm the message: it is still on the list. Try again later."


class TaskFailed(Exception):
    """The task is FAILED. `error` says why: `type`, `message` and `traceback`, of its last attempt."""

    def __init__(self, task_id: str, kind: str, error: "ErrorInfo") -> None:
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
