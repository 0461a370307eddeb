"""The checker on what clients ask for, and on how tasks and processes end: it can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Accepted, Death, Event, Evidence, Life, Retry, Row, Run, Span
from tests.chaos.sound import ERROR, PERMANENT, Step, change_event, change_row, history, sound

RUNS = "PROCESSING"
FIRST: Step = ("PENDING", 0, None, None)
AGAIN, TOO_LATE, DATED, INSERTED, KILLS, DEADLY = "again", "too late", "dated", "inserted", "kills one", "kills all"


def add(evidence: Evidence, task: str, accepted: Accepted, *steps: Step, result: str | None = None) -> None:
    """As if everybody had seen it, with a start for each claim and a message for each failure."""
    events = evidence.histories[task] = history(task, FIRST, *steps)
    last = events[-1]
    evidence.rows[task] = Row(
        task, accepted.kind, last.status, last.version, last.attempt, False, False, result, last.error, accepted.key
    )
    evidence.accepted[task] = accepted
    evidence.runs += [
        Run(task, one.attempt, one.pid or 0, one.at, one.at + 0.5) for one in events if one.status == RUNS
    ]
    evidence.dead += [(task, b"null") for one in events if one.status == "FAILED"]
    for seen in evidence.seen.values():
        seen[task] = {one.version: one.status for one in events}


def asked() -> Evidence:
    """Two tasks that were retried, one with a date, one of another program, and two that end their workers."""
    evidence = sound()
    evidence.lives |= {pid: Life("worker-2", pid, 90.0, 110.0, "by itself", code=3) for pid in (9, 10, 11)}
    no, lost = PERMANENT["message"], ERROR["message"]
    one, two = (RUNS, 1, "h-8-b", None), (RUNS, 2, "h-8-b", None)
    retried = ("PENDING", 1, None, "Retry requested")
    permanent = Accepted("permanent", 100, True)
    add(evidence, AGAIN, permanent, one, ("FAILED", 1, "h-8-b", no), retried, two, ("FAILED", 2, "h-8-b", no))
    evidence.retries[AGAIN] = Retry(asks=2, version=4)
    ended = ("CANCELLED", 0, None, None), FIRST, one, ("DONE", 1, "h-8-b", None)
    add(evidence, TOO_LATE, Accepted("cancelled", 100, True), *ended)
    evidence.retries[TOO_LATE] = Retry(asks=2, is_conflict=True)
    done = ("DONE", 1, "h-8-b", None)
    add(evidence, DATED, Accepted("quick", 100, True, key="key", due=101.5), one, done)
    evidence.bulks = {("key",): "all", ("other", "others"): "none", ("third", "thirds"): "either"}
    add(evidence, INSERTED, Accepted("message", 100, True, says="hi"), one, ("DONE", 1, "h-8-b", "hi"))
    killed, waits = (RUNS, 1, "h-9-c", None), ("PENDING", 1, "h-9-c", lost)
    add(evidence, KILLS, Accepted("kills", 100, True), killed, waits, two, ("DONE", 2, "h-8-b", None))
    steps = (RUNS, 1, "h-10-d", None), ("PENDING", 1, "h-10-d", lost), (RUNS, 2, "h-11-e", None)
    add(evidence, DEADLY, Accepted("deadly", 100, True), *steps, ("FAILED", 2, "h-11-e", lost))
    evidence.deaths = [Death(KILLS, 1, 9, 101.1, 3), Death(DEADLY, 1, 10, 101.1, 3), Death(DEADLY, 2, 11, 103.1, 3)]
    evidence.runs = [replace(run, ended=None) if run.pid in (9, 10, 11) else run for run in evidence.runs]
    for pid, at in ((9, 101.2), (10, 101.2), (11, 103.2)):
        evidence.lives[pid].ended = at
    return evidence


def test_what_was_asked_for_rightly_passes() -> None:
    assert check(asked()) == []


def test_a_process_that_is_told_to_stop_while_it_starts_may_be_ended_by_the_signal() -> None:
    evidence = asked()
    change_life(8, how="stopped", code=-15, is_up=False)(evidence)
    assert check(evidence) == []


def test_a_handler_may_go_on_beside_the_retry_of_what_had_ended() -> None:
    evidence = asked()
    [first, second] = [run for run in evidence.runs if run.task == AGAIN]
    evidence.runs = [replace(run, ended=second.began + 0.2) if run is first else run for run in evidence.runs]
    assert check(evidence) == []


def change_accepted(task: str, **values: object) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        evidence.accepted[task] = replace(evidence.accepted[task], **values)  # type: ignore[arg-type]

    return spoil


def change_retry(task: str, **values: object) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        evidence.retries[task] = replace(evidence.retries[task], **values)  # type: ignore[arg-type]

    return spoil


def change_life(pid: int, **values: object) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        evidence.lives[pid] = replace(evidence.lives[pid], **values)  # type: ignore[arg-type]

    return spoil


def change_bulk(keys: tuple[str, ...], wanted: str) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        evidence.bulks[keys] = wanted

    return spoil


def leave_unanswered(evidence: Evidence) -> None:
    evidence.unanswered = 2


def forget_the_ask(evidence: Evidence) -> None:
    del evidence.accepted[INSERTED]


def start_early(evidence: Evidence) -> None:
    evidence.runs = [replace(run, began=100.4) if run.task == DATED else run for run in evidence.runs]


def do_not_retry(evidence: Evidence) -> None:
    """It was CANCELLED, and its retry refused."""
    del evidence.histories[TOO_LATE][2:]
    change_row(TOO_LATE, status="CANCELLED", version=2, attempt=0)(evidence)


def go_on(evidence: Evidence) -> None:
    """A third attempt of two, without a retry."""
    events = evidence.histories[DEADLY]
    last: Event = events.pop()
    events += [
        replace(last, version=5, status="PENDING"),
        replace(last, version=6, status=RUNS, attempt=3, error=None, worker="h-8-b"),
        replace(last, version=7, attempt=3, worker="h-8-b"),
    ]


def give_up_early(evidence: Evidence) -> None:
    change_row(AGAIN, kind="overstays")(evidence)
    for version in (3, 6):
        change_event(AGAIN, version, error=PERMANENT | {"type": "TimeoutError"})(evidence)


def forget_a_death(evidence: Evidence) -> None:
    del evidence.deaths[0]


def dead_letter_twice(evidence: Evidence) -> None:
    evidence.dead.append((DEADLY, b"null"))


def lose_the_letter(evidence: Evidence) -> None:
    evidence.dead.remove((DEADLY, b"null"))


SPOILT = {
    leave_unanswered: "2 clients were never answered",
    change_accepted(DATED, key="another"): "was accepted as quick with another",
    change_accepted(DATED, kind="thread"): "was accepted as thread with key",
    forget_the_ask: "nobody asked for inserted (message)",
    change_bulk(("key", "lock"), "all"): "there are 1, and should be all",
    change_bulk(("key", "bolt"), "none"): "there are 1, and should be none",
    change_bulk(("key", "door"), "either"): "there are 1, and should be either",
    start_early: "dated is due at 101.50, and its handler started at 100.40",
    change_event(DATED, 2, at=100.4): "dated is due at 101.50, and it was claimed at 100.40",
    change_event(INSERTED, 3, message="ho"): "ended with the message 'ho' instead of 'hi'",
    change_retry(AGAIN, asks=0): "was retried 1 times, and that was asked for 0 times",
    change_retry(AGAIN, version=5): "answered with version 5, which is none",
    do_not_retry: "a retry of too late was refused, and it was not retried",
    change_row(TOO_LATE, status="FAILED"): "too late (cancelled) ended FAILED",
    change_row(DEADLY, status="DONE"): "kills all (deadly) ended DONE",
    give_up_early: "again (overstays) was FAILED after 1 attempts of 2",
    go_on: "kills all (deadly) had attempt 3 of 2 with 0 retries",
    forget_a_death: "worker-2 (9) ended with 3: by itself",
    change_life(9, code=1): "worker-2 (9) ended with 1: by itself",
    change_life(8, how="stopped", code=1): "worker-1 (8) ended with 1: stopped",
    change_life(8, how="stopped", code=-15): "worker-1 (8) ended with -15: stopped",
    change_life(8, how="did not stop"): "worker-1 (8) did not end after SIGTERM",
    change_event(KILLS, 3, error=None): "a handler ended its process, and that is not recorded as a loss",
    dead_letter_twice: "kills all was FAILED 1 times, and is in task.dead 2 times",
    lose_the_letter: "kills all (deadly) is FAILED and not in task.dead",
}


@pytest.mark.parametrize(("spoil", "told"), SPOILT.items(), ids=SPOILT.values())
def test_what_was_not_done_as_asked_is_told(spoil: Callable[[Evidence], None], told: str) -> None:
    evidence = asked()
    spoil(evidence)
    assert any(told in sentence for sentence in check(evidence)), check(evidence)


def test_something_broken_explains_a_second_dead_letter() -> None:
    evidence = asked()
    dead_letter_twice(evidence)
    evidence.faults.append(Span(105.0, 106.0, "broker-kill"))
    assert check(evidence) == []


def test_a_worker_that_was_told_to_stop_gives_back_what_a_handler_then_ends() -> None:
    evidence = asked()
    change_life(9, how="stopped", told_to_stop=101.0)(evidence)
    change_event(KILLS, 3, attempt=0, error=None)(evidence)
    for version, status in ((4, RUNS), (5, "DONE")):
        change_event(KILLS, version, attempt=1, status=status)(evidence)
    change_row(KILLS, attempt=1)(evidence)
    evidence.runs = [
        Run(KILLS, 1, 8, 103, None) if run.attempt == 2 and run.task == KILLS else run for run in evidence.runs
    ]
    assert check(evidence) == []


def test_a_death_explains_a_loss_before_anybody_has_noticed_it() -> None:
    evidence = asked()
    for pid in (9, 10, 11):
        evidence.lives[pid].ended = 120.0
    assert check(evidence) == []
