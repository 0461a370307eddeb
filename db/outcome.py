"""What an attempt comes to, as data, and how long a failed one waits. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict


class TaskError(TypedDict):
    """Why an attempt failed: the exception's class name, its text, and its traceback where there is one."""

    type: str
    message: str
    traceback: str | None


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long failed attempts wait: doubling from `base`, never above `cap`, up to half of it taken off by jitter."""

    base: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)

    def delay(self, attempt: int, *, jitter: float) -> timedelta:
        """Wait before the attempt after `attempt` (>= 1).

        jitter is in [0, 1); 0 gives the exact curve. Raises ValueError when attempt < 1.
        """
        if attempt < 1:
            raise ValueError("the first attempt is number 1")
        doubled = self.base.total_seconds() * 2.0 ** min(attempt - 1, 100)
        exact = self.cap if doubled >= self.cap.total_seconds() else timedelta(seconds=doubled)
        return exact * (1 - jitter / 2)


@dataclass(frozen=True, slots=True)
class Succeeded:
    result: Any = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """`retry_in` is None when another attempt can't help."""

    error: TaskError
    retry_in: timedelta | None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The handler stopped because it was asked to."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The worker could not finish it, mostly because it is stopping: the attempt does not count."""

    reason: str = "Given back by a worker that is stopping"


@dataclass(frozen=True, slots=True)
class Snoozed:
    """The handler can't run yet: again after `retry_in`, and the attempt does not count."""

    retry_in: timedelta
    message: str


Outcome = Succeeded | Failed | Cancelled | GivenBack | Snoozed
