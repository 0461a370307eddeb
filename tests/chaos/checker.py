"""The judgement on a run. It imports nothing of the product and reads only the evidence.

Each check gives a sentence for each violation that it finds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from tests.chaos import asked, fates, ownership, turns
from tests.chaos.evidence import Evidence, Span

MOVES: Final = {
    "PENDING": {"PROCESSING", "CANCELLED"},
    "PROCESSING": {"PROCESSING", "DONE", "FAILED", "CANCELLED", "PENDING"},
    "FAILED": {"PENDING"},
    "CANCELLED": {"PENDING"},
    "DONE": set(),
}
CHILDREN: Final = 3
SOON: Final = 30.0
"""Seconds after which a message in a queue that is served has been taken out of it."""
HANDED_OVER: Final = 10.0
"""Seconds after which a failure's message has reached `task.dead`, when nothing is broken."""
BEFORE: Final = 0.5
"""Seconds that what is broken takes until it works again."""


def check(evidence: Evidence) -> list[str]:
    """Every violation, in the order of the checks."""
    return [sentence for one in CHECKS for sentence in one(evidence)]


def no_log_tells_of_a_defect(evidence: Evidence) -> Iterator[str]:
    for line, count in Counter(evidence.defects).items():
        yield f"logged {count} times as an error: {line}"


def every_task_ended(evidence: Evidence) -> Iterator[str]:
    for row in evidence.rows.values():
        if row.status not in fates.ENDED:
            yield f"{row.id} ({row.kind}) did not end: {row.status} at version {row.version}, attempt {row.attempt}"


def every_history_is_whole(evidence: Evidence) -> Iterator[str]:
    for row in evidence.rows.values():
        history = evidence.histories[row.id]
        versions = [event.version for event in history]
        if not history or versions != list(range(1, len(history) + 1)):
            yield f"{row.id} ({row.kind}) has the versions {versions}"
            continue
        last = history[-1]
        if (row.status, row.version, row.attempt) != (last.status, last.version, last.attempt):
            yield f"{row.id} ({row.kind}): its row is not what its last event says: {row}, {last}"
        if history[0].status != "PENDING" or history[0].attempt:
            yield f"{row.id} ({row.kind}) begins with {history[0]}"
    strangers = evidence.histories.keys() - evidence.rows.keys()
    yield from (f"{task} has events and no row" for task in strangers if evidence.histories[task])


def every_move_is_legal(evidence: Evidence) -> Iterator[str]:
    """A claim raises the attempt by one; to be given back or snoozed lowers it; nothing else changes it."""
    for task, history in evidence.histories.items():
        for before, after in pairwise(history):
            move = f"{task}: version {after.version} goes from {before.status} to {after.status}"
            if after.status not in MOVES[before.status]:
                yield move
            claimed = (before.status, after.status) == ("PENDING", "PROCESSING")
            uncounted = (before.status, after.status) == ("PROCESSING", "PENDING") and not after.error
            if after.attempt - before.attempt != claimed - uncounted:
                yield f"{move} with attempt {after.attempt} after {before.attempt}"


def every_parent_has_its_children_once(evidence: Evidence) -> Iterator[str]:
    keys = [row.key for row in evidence.rows.values() if row.key and row.key.startswith("child:")]
    children = Counter(key.split(":")[1] for key in keys)
    for row in evidence.rows.values():
        count = children[row.id]
        if row.kind == "parent" and (count > CHILDREN or (row.status == "DONE" and count != CHILDREN)):
            yield f"{row.id} (parent, {row.status}) has {count} children"


def nothing_is_left(evidence: Evidence) -> Iterator[str]:
    for row in evidence.rows.values():
        if row.is_due or row.is_claimed:
            yield f"{row.id} ({row.kind}, {row.status}) is left {'due' if row.is_due else 'claimed'}"
    for queue, (ready, unacknowledged) in evidence.waiting.items():
        if ready or unacknowledged:
            yield f"{queue} is left with {ready} messages ready and {unacknowledged} unacknowledged"


def dead_letters_are_the_poison_and_the_failed(evidence: Evidence) -> Iterator[str]:
    named = {_task_of(letter) for letter in evidence.dead}
    bodies = {body for _, body in evidence.dead}
    for row in evidence.rows.values():
        if row.status == "FAILED" and row.id not in named:
            yield f"{row.id} ({row.kind}) is FAILED and not in task.dead"
    for body, at in evidence.poison.items():
        may_be_lost = any(
            at - 0.5 <= emptied <= at + SOON + broken_for(evidence, at, emptied) for emptied in evidence.emptied
        )
        if body not in bodies and not may_be_lost:
            yield f"the poison {body[:80]!r} is not in task.dead"
    failed = {one.task for history in evidence.histories.values() for one in history if one.status == "FAILED"}
    for letter in evidence.dead:
        if letter[1] not in evidence.tried_poison and _task_of(letter) not in failed:
            yield f"task.dead holds {letter}, which is neither poison nor FAILED"


def broken_for(evidence: Evidence, began: float, ended: float) -> float:
    """Seconds of faults between the two: a message may have lain in its queue for that much longer."""
    return sum(max(min(one.ended, ended) - max(one.began, began), 0.0) for one in evidence.faults)


def no_failure_is_dead_lettered_twice(evidence: Evidence) -> Iterator[str]:
    """But when something was broken about then: whoever does not know whether a message is there sends it again."""
    letters = Counter(_task_of(letter) for letter in evidence.dead if letter[1] not in evidence.tried_poison)
    broken = [*evidence.faults, *(one for some in evidence.stalls.values() for one in some)]
    broken += [
        Span(life.ended, life.ended, life.how)
        for life in evidence.lives.values()
        if life.ended is not None and life.how != "stopped"
    ]
    broken += [Span(death.at, death.at, "ended by a handler") for death in evidence.deaths]
    for task, history in evidence.histories.items():
        failures = [event for event in history if event.status == "FAILED"]
        is_explained = any(
            one.began <= event.at + HANDED_OVER and one.ended >= event.at - BEFORE
            for one in broken
            for event in failures
        )
        if letters[task] > len(failures) > 0 and not is_explained:
            yield f"{task} was FAILED {len(failures)} times, and is in task.dead {letters[task]} times"


def _task_of(letter: tuple[str | None, bytes]) -> str | None:
    message_id, body = letter
    try:
        named = json.loads(body)
    except ValueError:
        return message_id
    return named.get("task_id", message_id) if isinstance(named, dict) else message_id


def every_watcher_saw_everything(evidence: Evidence) -> Iterator[str]:
    unwatched = {task for task, one in evidence.accepted.items() if not one.watched}
    for watcher, seen in evidence.seen.items():
        for task, history in evidence.histories.items():
            saw = seen.get(task, {})
            missed = [event.version for event in history if saw.get(event.version) != event.status]
            if missed and task not in unwatched:
                yield f"{watcher} did not see versions {missed} of {task}, which has {len(history)}; it saw {saw}"
    watched = [event for event in evidence.disorder if event["taskId"] not in unwatched]
    yield from (f"a version came after a later one: {event}" for event in watched)


def every_feed_is_true_and_whole(evidence: Evidence) -> Iterator[str]:
    """What `/ws` brings to one connection is recorded, and between the first and the last of a task nothing is left
    out.
    """
    recorded = {(one.task, one.version, one.status) for history in evidence.histories.values() for one in history}
    for feed in evidence.feeds:
        last: dict[str, int] = {}
        for task, version, status in feed:
            if (task, version, status) not in recorded:
                yield f"/ws told of {task} at version {version}, {status}, which is not recorded"
            if version not in (last.get(task, version), last.get(task, version - 1) + 1):
                yield f"/ws told of {task} version {version} after {last[task]}"
            last[task] = version


CHECKS: Final[tuple[Callable[[Evidence], Iterator[str]], ...]] = (
    asked.everybody_was_answered_rightly,
    asked.everything_accepted_is_there,
    asked.every_row_was_asked_for,
    asked.every_bulk_is_there_or_not,
    asked.nothing_starts_before_its_date,
    asked.every_inserted_task_says_what_it_should,
    asked.every_retry_was_asked_for_and_every_answer_holds,
    no_log_tells_of_a_defect,
    every_task_ended,
    every_history_is_whole,
    every_move_is_legal,
    fates.every_task_ends_as_its_kind_does,
    fates.every_failure_has_used_its_attempts,
    fates.every_process_ends_as_it_was_told,
    fates.every_death_is_recorded_as_a_loss,
    every_parent_has_its_children_once,
    nothing_is_left,
    dead_letters_are_the_poison_and_the_failed,
    no_failure_is_dead_lettered_twice,
    every_watcher_saw_everything,
    every_feed_is_true_and_whole,
    ownership.nobody_else_runs_it_meanwhile,
    ownership.every_start_was_claimed,
    ownership.every_outcome_is_of_its_attempt,
    ownership.every_loss_has_a_cause,
    turns.no_message_is_lost_without_cause,
)
