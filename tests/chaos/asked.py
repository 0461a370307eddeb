"""What was asked for, held against what is there: creates, dates, retries. Imports nothing of the product."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tests.chaos.evidence import Event, Evidence, Retry

EARLY: Final = 1.0
"""Seconds before its date at which a task may start, by the database's clock."""


def everybody_was_answered_rightly(evidence: Evidence) -> Iterator[str]:
    yield from (f"somebody was refused: {answer}" for answer in evidence.refused)
    if evidence.unanswered:
        yield f"{evidence.unanswered} clients were never answered"


def everything_accepted_is_there(evidence: Evidence) -> Iterator[str]:
    for task, asked in evidence.accepted.items():
        row = evidence.rows.get(task)
        if row is None:
            yield f"{task} ({asked.kind}) was accepted and is not there"
        elif (row.kind, row.key) != (asked.kind, asked.key):
            yield f"{task} is {row.kind} with the key {row.key}, and was accepted as {asked.kind} with {asked.key}"


def every_row_was_asked_for(evidence: Evidence) -> Iterator[str]:
    """By a client who knows its id, by one who did not wait to be told, or by its parent."""
    unheard = {key for keys in evidence.bulks for key in keys}
    for row in evidence.rows.values():
        is_child = row.key is not None and row.key.startswith("child:")
        if row.id not in evidence.accepted and row.key not in unheard and not is_child:
            yield f"nobody asked for {row.id} ({row.kind}) with the key {row.key}"


def every_bulk_is_there_or_not(evidence: Evidence) -> Iterator[str]:
    there = {row.key for row in evidence.rows.values()}
    for keys, wanted in evidence.bulks.items():
        count = len(there.intersection(keys))
        if count not in {"all": {len(keys)}, "none": {0}, "either": {0, len(keys)}}[wanted]:
            yield f"of {len(keys)} tasks that were created at once there are {count}, and should be {wanted}: {keys}"


def nothing_starts_before_its_date(evidence: Evidence) -> Iterator[str]:
    dates = {task: asked.due for task, asked in evidence.accepted.items() if asked.due is not None}
    starts = [(run.task, run.began, "its handler started") for run in evidence.runs]
    claims = [one for task in dates for one in evidence.histories[task] if one.status == "PROCESSING"]
    for task, at, what in starts + [(one.task, one.at, "it was claimed") for one in claims]:
        if task in dates and at < dates[task] - EARLY:
            yield f"{task} is due at {dates[task]:.2f}, and {what} at {at:.2f}"


def every_inserted_task_says_what_it_should(evidence: Evidence) -> Iterator[str]:
    for task, asked in evidence.accepted.items():
        history = evidence.histories[task]
        if asked.says is not None and history and history[-1].status == "DONE" and history[-1].message != asked.says:
            yield f"{task} ended with the message {history[-1].message!r} instead of {asked.says!r}"


def every_retry_was_asked_for_and_every_answer_holds(evidence: Evidence) -> Iterator[str]:
    """Each ask takes effect once at most; one that was not answered may have, also late."""
    for task, history in evidence.histories.items():
        again = retried(history)
        asked = evidence.retries.get(task, Retry())
        if len(again) > asked.asks:
            yield f"{task} was retried {len(again)} times, and that was asked for {asked.asks} times"
        if asked.version is not None and asked.version not in [event.version for event in again]:
            yield f"a retry of {task} was answered with version {asked.version}, which is none: {again}"
        if asked.is_conflict and not again:
            yield f"a retry of {task} was refused, and it was not retried"


def retried(history: list[Event]) -> list[Event]:
    """What came of its retries."""
    return [
        after
        for before, after in pairwise(history)
        if before.status in ("FAILED", "CANCELLED") and after.status == "PENDING"
    ]
