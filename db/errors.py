"""What can go wrong with a task, as data. These know nothing of HTTP or GraphQL; the edge translates them."""

from dataclasses import dataclass


class TaskFlowError(Exception):
    """Every expected error of ours. Its text may be shown to a client."""


@dataclass(eq=False)
class TaskNotFound(TaskFlowError):
    task_id: str

    def __str__(self) -> str:
        return f"There is no task {self.task_id}."


@dataclass(eq=False)
class TransitionRejected(TaskFlowError):
    """The lifecycle has no such move from this status."""

    task_id: str
    status: str
    wanted: str

    def __str__(self) -> str:
        return f"Task {self.task_id} is {self.status}: {self.wanted}."


@dataclass(eq=False)
class LetterNotFound(TaskFlowError):
    letter_id: str

    def __str__(self) -> str:
        return f"There is no dead letter {self.letter_id}."


@dataclass(eq=False)
class LetterCut(TaskFlowError):
    """What is kept of it is not the message."""

    letter_id: str
    size: int
    kept: int

    def __str__(self) -> str:
        return (
            f"Dead letter {self.letter_id} had {self.size} bytes, of which {self.kept} are kept: "
            "send it again from the queue task.dead, or discard it."
        )


@dataclass(eq=False)
class IdempotencyConflict(TaskFlowError):
    """The key was used before, with another input."""

    key: str
    task_id: str

    def __str__(self) -> str:
        return f"Idempotency key {self.key!r} was used for task {self.task_id} with another input."


class StoreUnavailable(TaskFlowError):
    """The database could not be reached in time. Whether a commit under way took effect is unknown."""

    def __str__(self) -> str:
        return "The database can't be reached at the moment."


class Overloaded(StoreUnavailable):
    """More waits to be stored than can be within seconds. What is refused with this was not taken."""

    def __str__(self) -> str:
        return "More waits to be stored than can be stored within seconds: this was not taken. Try again later."


class StoreRefuses(StoreUnavailable):
    """The database answers, and does not let us do that: a right is missing, or it is read-only."""

    def __str__(self) -> str:
        return "The database does not allow it at the moment: the log says why."


@dataclass(eq=False)
class MigrationRefused(TaskFlowError):
    """The database can't be migrated as it is; `reason` is a sentence for the operator."""

    reason: str

    def __str__(self) -> str:
        return self.reason
