"""What the metrics tell of attempts, as they begin and end."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from taskflow.db.lifecycle import ENDED
from taskflow.db.models import Task
from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Snoozed, Succeeded
from taskflow.db.tasks import Claimed
from taskflow.infra.metrics import Metrics

SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
OUTCOMES: Final[dict[type[Outcome], str]] = {
    Succeeded: SUCCEEDED,
    Failed: FAILED,
    Cancelled: "cancelled",
    GivenBack: "given_back",
    Snoozed: "snoozed",
}
DROPPED: Final = "dropped"
"""Its lease was lost, and somebody else has the task."""
LOST: Final = "lost"
"""Nobody extended its lease: its worker is gone."""


def expect(metrics: Metrics, kinds: Iterable[str], queues: Iterable[str]) -> None:
    """What a worker runs has labels of its own, and counts from zero: a rate misses what a counter begins with."""
    metrics.kinds.know(kinds)
    metrics.queues.know(queues)
    for kind in kinds:
        metrics.expect_attempts(kind, (SUCCEEDED, FAILED))


def note_start(metrics: Metrics, claimed: Claimed, now: datetime) -> None:
    if claimed.due_since is not None:
        metrics.waited(claimed.task.queue, max((now - claimed.due_since).total_seconds(), 0.0))


def note_end(metrics: Metrics, kind: str, outcome: Outcome, ended: Task | None) -> None:
    """`ended` is the task as the outcome left it, None where that was dropped."""
    metrics.attempt_over(kind, OUTCOMES[type(outcome)] if ended else DROPPED)
    if ended and ended.status in ENDED:
        metrics.ended(kind, ended.status)


def note_lost(metrics: Metrics, lost: Iterable[Task]) -> None:
    for task in lost:
        metrics.leases_recovered.inc()
        metrics.attempt_over(task.kind, LOST)
        if task.status in ENDED:
            metrics.ended(task.kind, task.status)
