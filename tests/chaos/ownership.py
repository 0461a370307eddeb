"""Who had an attempt, and when: the journal of the handlers held against the recorded history. Imports nothing of the
product.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Final

from tests.chaos.asked import retried
from tests.chaos.evidence import Event, Evidence, Run
from tests.chaos.fates import death_of

NAME: Final = re.compile(r"attempt (\d+) of process (\d+)")
"""How each handler calls a run of its own, in what it returns or raises."""
SLACK: Final = 2.0
"""Seconds between the instant that a transaction names and its effect, on a machine that does much else."""
STEP: Final = 5.0
"""How far clocks are stepped."""


def nobody_else_runs_it_meanwhile(evidence: Evidence) -> Iterator[str]:
    """One run of a task at a time, unless the earlier attempt was recorded as lost: a process that was stopped between
    its claim and the start may then start late. Or unless somebody retried what had ended, with a handler that goes on.
    """
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in evidence.runs:
        runs[run.task].append(run)
    over = {(one.task, one.attempt) for one in losses(evidence)}
    over |= {(one.task, one.attempt) for history in evidence.histories.values() for one in retried(history)}
    for some in runs.values():
        for first, second in combinations(sorted(some, key=lambda run: run.began), 2):
            if second.began >= _end(evidence, first):
                continue
            if first.attempt == second.attempt or (first.task, min(first.attempt, second.attempt)) not in over:
                yield f"two handlers ran {first.task} at once: {first}, {second}"


def _end(evidence: Evidence, run: Run) -> float:
    """At the latest when its process died, or was told to stop: it then gives back also what goes on."""
    ends = [run.ended]
    if life := evidence.lives.get(run.pid):
        ends += [life.ended, life.told_to_stop]
    if death := death_of(evidence, run.pid):
        ends.append(death.at)
    return min((one for one in ends if one is not None), default=math.inf)


def every_start_was_claimed(evidence: Evidence) -> Iterator[str]:
    """No handler starts more often than its attempt was claimed, by the process that runs it."""
    claims = Counter(
        (one.task, one.attempt, one.pid)
        for history in evidence.histories.values()
        for before, one in pairwise(history)
        if (before.status, one.status) == ("PENDING", "PROCESSING")
    )
    starts = Counter((run.task, run.attempt, run.pid) for run in evidence.runs)
    for start, count in starts.items():
        if count > claims[start]:
            yield f"(task, attempt, process) {start} started {count} times and was claimed {claims[start]} times"


def every_outcome_is_of_its_attempt(evidence: Evidence) -> Iterator[str]:
    """What is recorded is what the claim's own process said of this very attempt."""
    runs = {(run.task, run.attempt, run.pid) for run in evidence.runs}
    for task, history in evidence.histories.items():
        row = evidence.rows.get(task)
        for before, event in pairwise(history):
            said = f"{event.message} {event.error and event.error['message']}"
            if row and event.status == "DONE":
                said += f" {row.result}"
            if before.status != "PROCESSING" or not (found := NAME.search(said)):
                continue
            attempt, pid = int(found[1]), int(found[2])
            if (attempt, pid) != (before.attempt, before.pid):
                claimed = f"attempt {before.attempt} of process {before.pid}"
                yield f"{task} version {event.version} ({event.status}) is an outcome of {found[0]}, not of {claimed}"
            elif (task, attempt, pid) not in runs:
                yield f"{task} version {event.version} ({event.status}): {found[0]} was never started"


def every_loss_has_a_cause(evidence: Evidence) -> Iterator[str]:
    for event in losses(evidence):
        if not explained(evidence, event):
            lost = f"attempt {event.attempt} of {event.task} was taken for lost at {event.at:.1f}"
            yield f"{lost} without cause, of {evidence.lives.get(event.pid or 0)}"


def losses(evidence: Evidence) -> list[Event]:
    events = [one for history in evidence.histories.values() for one in history]
    return [one for one in events if one.error is not None and one.error["type"] == "WorkerLost"]


def explained(evidence: Evidence, event: Event) -> bool:
    """Its process was dead, or did not run or reach the database or this row for long, or clocks differed by more than
    a lease.
    """
    life = evidence.lives.get(event.pid or 0)
    if life is None or event.task in evidence.locked:
        return life is not None
    if (death := death_of(evidence, life.pid)) and event.at >= death.at:
        return True
    if life.how != "stopped" and life.ended is not None and event.at >= life.ended - SLACK:
        return True
    if life.told_to_stop is not None and life.ended is not None and event.at >= life.told_to_stop:
        return any(one.began <= life.ended and one.ended >= life.told_to_stop for one in evidence.outages)
    if any(one.covers(event.at, STEP + evidence.lease + SLACK) for one in evidence.clocks):
        return True
    return any(one.began <= event.at <= one.ended + evidence.lease + SLACK for one in evidence.stalls[life.pid])
