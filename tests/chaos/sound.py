"""Evidence of a run in which everything held, for tests to spoil."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

from tests.chaos.evidence import Accepted, Event, Evidence, Life, Row, Run

DONE, LOST = "done", "lost"
ERROR = {"type": "WorkerLost", "message": "Worker h-7-a was lost", "traceback": None}
PERMANENT = {"type": "Permanent", "message": "it can't be", "traceback": None}
Step = tuple[str, int, str | None, str | None]


def history(task: str, *steps: Step) -> list[Event]:
    """Of (status, attempt, worker, message), a second apart from second 100 on."""
    errors = {one["message"]: one for one in (ERROR, PERMANENT)}
    return [
        Event(task, number, status, attempt, message, errors.get(message), worker, 99 + number)
        for number, (status, attempt, worker, message) in enumerate(steps, 1)
    ]


def sound() -> Evidence:
    """Process 7 ran one task and was killed during another, which process 8 did; and there was one poison."""
    evidence = Evidence(lease=2.0)
    evidence.lives = {7: Life("worker-0", 7, 90.0, 101.5, "killed"), 8: Life("worker-1", 8, 90.0)}
    evidence.accepted = {DONE: Accepted("quick", 100, True), LOST: Accepted("quick", 100, True)}
    name = "attempt 1 of process 7", "attempt 2 of process 8"
    evidence.rows = {
        DONE: Row(DONE, "quick", "DONE", 3, 1, False, False, name[0], None, None),
        LOST: Row(LOST, "quick", "DONE", 5, 2, False, False, name[1], None, None),
    }
    evidence.histories[DONE] = history(
        DONE, ("PENDING", 0, None, None), ("PROCESSING", 1, "h-7-a", None), ("DONE", 1, "h-7-a", None)
    )
    evidence.histories[LOST] = history(
        LOST,
        ("PENDING", 0, None, None),
        ("PROCESSING", 1, "h-7-a", None),
        ("PENDING", 1, "h-7-a", ERROR["message"]),
        ("PROCESSING", 2, "h-8-b", None),
        ("DONE", 2, "h-8-b", None),
    )
    evidence.runs = [Run(DONE, 1, 7, 101, 101.2), Run(LOST, 1, 7, 101, None), Run(LOST, 2, 8, 103, 103.5)]
    evidence.poison, evidence.tried_poison, evidence.dead = {b"x": 100.0}, {b"x"}, [(None, b"x")]
    everything = {task: {one.version: one.status for one in some} for task, some in evidence.histories.items()}
    evidence.seen = {"one": everything, "two": copy.deepcopy(everything)}
    evidence.feeds = [[(DONE, 1, "PENDING"), (DONE, 2, "PROCESSING"), (DONE, 2, "PROCESSING"), (DONE, 3, "DONE")]]
    return evidence


def change_row(task: str, **values: object) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        evidence.rows[task] = replace(evidence.rows[task], **values)  # type: ignore[arg-type]

    return spoil


def change_event(task: str, version: int, **values: object) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        history = evidence.histories[task]
        history[version - 1] = replace(history[version - 1], **values)  # type: ignore[arg-type]

    return spoil
