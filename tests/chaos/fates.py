"""How tasks and processes end: each kind in its way, after its attempts. Imports nothing of the product."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tests.chaos.asked import retried
from tests.chaos.evidence import Death, Evidence, Row

ENDED: Final = {"DONE", "FAILED", "CANCELLED"}
FAILS: Final = {
    "stumbles": "ConnectionError",
    "retries": "RetryLater",
    "hostile": "Hostile",
    "unrenderable": "SyntaxError",
    "permanent": "Permanent",
    "overstays": "TimeoutError",
}
"""How an attempt of a kind may fail, beside being lost."""
FAILED: Final = {"FAILED"}
ENDS: Final = {
    "hostile": FAILED,
    "unrenderable": FAILED,
    "permanent": FAILED,
    "overstays": FAILED,
    "deadly": FAILED,
    "cancelled": {"CANCELLED"},
}
"""How a kind ends; the others are DONE. Any is FAILED when its last attempt was lost."""
ATTEMPTS: Final = {"overstays": 2, "hostile": 2, "unrenderable": 2, "deadly": 2}
"""The most that a kind has; the others have three. Each retry may add one."""


def every_task_ends_as_its_kind_does(evidence: Evidence) -> Iterator[str]:
    for row in evidence.rows.values():
        for event in evidence.histories[row.id]:
            failure = event.error["type"] if event.error else None
            if failure not in (None, "WorkerLost", FAILS.get(row.kind)):
                yield f"{row.id} ({row.kind}): attempt {event.attempt} failed with {failure}: {event.message}"
        lost = row.status == "FAILED" and row.error is not None and row.error["type"] == "WorkerLost"
        if row.status in ENDED and row.status not in _ends(evidence, row) and not lost:
            yield f"{row.id} ({row.kind}) ended {row.status}: {row.error}"


def _ends(evidence: Evidence, row: Row) -> set[str]:
    """One that was cancelled and retried is DONE, unless it was so quick that the cancellation came afterwards."""
    ends = ENDS.get(row.kind, {"DONE"})
    return ends | {"DONE"} if row.kind == "cancelled" and retried(evidence.histories[row.id]) else ends


def every_failure_has_used_its_attempts(evidence: Evidence) -> Iterator[str]:
    """And nothing has more of them than it may have."""
    for row in evidence.rows.values():
        least, retries = ATTEMPTS.get(row.kind, 3), 0
        again = {event.version for event in retried(evidence.histories[row.id])}
        for event in evidence.histories[row.id]:
            retries += event.version in again
            is_over_at_once = event.error is not None and event.error["type"] == "Permanent"
            if event.status == "FAILED" and event.attempt < least and not is_over_at_once:
                yield f"{row.id} ({row.kind}) was FAILED after {event.attempt} attempts of {least}"
            if event.attempt > least + retries:
                yield f"{row.id} ({row.kind}) had attempt {event.attempt} of {least} with {retries} retries"


def every_process_ends_as_it_was_told(evidence: Evidence) -> Iterator[str]:
    """Or as a handler said that it would end it."""
    for life in evidence.lives.values():
        who = f"{life.member} ({life.pid})"
        death = death_of(evidence, life.pid)
        by_the_signal = life.how == "stopped" and not life.is_up and life.code == -signal.SIGTERM
        if life.how == "did not stop":
            yield f"{who} did not end after SIGTERM"
        elif by_the_signal or (death and life.code == death.code):
            continue
        elif life.how == "by itself" or (life.how == "stopped" and life.code):
            yield f"{who} ended with {life.code}: {life.how}"


def every_death_is_recorded_as_a_loss(evidence: Evidence) -> Iterator[str]:
    """Or as given back, where its process had been told to stop."""
    for death in evidence.deaths:
        life = evidence.lives.get(death.pid)
        history = evidence.histories[death.task]
        outcomes = [
            after
            for before, after in pairwise(history)
            if (before.status, before.attempt, before.pid) == ("PROCESSING", death.attempt, death.pid)
        ]
        lost = [one for one in outcomes if one.error is not None and one.error["type"] == "WorkerLost"]
        given_back = [one for one in outcomes if one.status == "PENDING" and one.error is None]
        if not lost and not (given_back and life is not None and life.told_to_stop is not None):
            yield f"a handler ended its process, and that is not recorded as a loss: {death}, {outcomes}"


def death_of(evidence: Evidence, pid: int) -> Death | None:
    return next((death for death in evidence.deaths if death.pid == pid), None)
