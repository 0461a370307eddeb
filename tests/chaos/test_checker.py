"""The checker can fail: sound evidence passes, and each way in which it may be spoilt is told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Evidence, Run, Span
from tests.chaos.schedule import FAULTS, schedule
from tests.chaos.sound import DONE, ERROR, LOST, change_event, change_row, sound


def test_sound_evidence_passes() -> None:
    assert check(sound()) == []


def lose(evidence: Evidence) -> None:
    del evidence.rows[DONE]


def leave_unfinished(evidence: Evidence) -> None:
    del evidence.histories[DONE][1:]
    change_row(DONE, status="PENDING", version=1, attempt=0)(evidence)


def forget_a_version(evidence: Evidence) -> None:
    del evidence.histories[LOST][2]


def end_twice(evidence: Evidence) -> None:
    evidence.histories[DONE] += [replace(evidence.histories[DONE][2], version=4)]
    change_row(DONE, version=4)(evidence)
    for seen in evidence.seen.values():
        seen[DONE][4] = "DONE"


def own_at_once(evidence: Evidence) -> None:
    evidence.runs += [Run(DONE, 1, 8, 101.1, 101.4)]


def come_late(evidence: Evidence) -> None:
    evidence.disorder.append({"taskId": DONE, "version": 1})


def overlap_without_a_loss(evidence: Evidence) -> None:
    evidence.runs += [Run(DONE, 2, 8, 101.1, 101.4)]


def do_not_kill(evidence: Evidence) -> None:
    evidence.lives[7].ended = None
    evidence.lives[7].how = ""
    evidence.runs[1] = replace(evidence.runs[1], ended=102.0)


def miss_a_version(evidence: Evidence) -> None:
    del evidence.seen["two"][LOST][4]


def miss_one_on_the_feed(evidence: Evidence) -> None:
    del evidence.feeds[0][1:3]


def invent_on_the_feed(evidence: Evidence) -> None:
    evidence.feeds[0].append((DONE, 4, "DONE"))


def lose_the_poison(evidence: Evidence) -> None:
    evidence.dead.clear()


def dead_letter_what_is_done(evidence: Evidence) -> None:
    evidence.dead.append((DONE, b'{"task_id": "done"}'))


def leave_a_message(evidence: Evidence) -> None:
    evidence.waiting["task.created"] = (0, 1)


def fail_without_a_letter(evidence: Evidence) -> None:
    change_row(LOST, kind="permanent", status="FAILED")(evidence)
    change_event(LOST, 5, status="FAILED")(evidence)
    for seen in evidence.seen.values():
        seen[LOST][5] = "FAILED"


def add_a_child(evidence: Evidence) -> None:
    change_row(DONE, kind="parent")(evidence)
    change_row(LOST, key=f"child:{DONE}:1")(evidence)


def refuse(evidence: Evidence) -> None:
    evidence.refused.append("500")


def log_an_error(evidence: Evidence) -> None:
    evidence.defects += ["delivery failed", "delivery failed"]


def wait_for_what_was_lost(evidence: Evidence) -> None:
    evidence.faults.append(Span(95.0, 104.0, "kill-worker"))
    for number in range(6):
        task = f"later{number}"
        evidence.accepted[task], evidence.rows[task] = evidence.accepted[DONE], replace(evidence.rows[DONE], id=task)
        evidence.histories[task] = [
            replace(one, task=task, at=one.at + (20.5 if number == 0 else 3)) for one in evidence.histories[DONE]
        ]
        evidence.histories[task][0] = replace(evidence.histories[task][0], at=100.5)
        evidence.runs.append(replace(evidence.runs[0], task=task))
        for seen in evidence.seen.values():
            seen[task] = seen[DONE]


SPOILT = {
    wait_for_what_was_lost: "waited 21.0 s for its claim, and 7 of 8 that were created about then had theirs",
    lose: "accepted and is not there",
    leave_unfinished: "did not end: PENDING",
    forget_a_version: "has the versions [1, 2, 4, 5]",
    change_row(LOST, attempt=1): "its row is not what its last event says",
    change_event(DONE, 1, status="PROCESSING"): "begins with",
    change_event(LOST, 4, attempt=3): "from PENDING to PROCESSING with attempt 3 after 1",
    change_event(LOST, 3, error=None): "from PROCESSING to PENDING with attempt 1 after 1",
    end_twice: "version 4 goes from DONE to DONE",
    own_at_once: "two handlers ran done at once",
    overlap_without_a_loss: "two handlers ran done at once",
    change_event(LOST, 4, worker="h-9-c"): "started 1 times and was claimed 0 times",
    change_row(LOST, result="attempt 1 of process 7"): "is an outcome of attempt 1 of process 7, not of attempt 2",
    change_event(LOST, 3, error=ERROR | {"type": "OSError"}): "failed with OSError",
    do_not_kill: "was taken for lost at 102.0 without cause",
    change_row(DONE, is_due=True): "is left due",
    change_row(DONE, is_claimed=True): "is left claimed",
    change_row(DONE, kind="permanent"): "ended DONE",
    leave_a_message: "task.created is left with 0 messages ready and 1 unacknowledged",
    lose_the_poison: "the poison b'x' is not in task.dead",
    dead_letter_what_is_done: "neither poison nor FAILED",
    fail_without_a_letter: "is FAILED and not in task.dead",
    miss_a_version: "two did not see versions [4]",
    come_late: "a version came after a later one",
    miss_one_on_the_feed: "/ws told of done version 3 after 1",
    invent_on_the_feed: "which is not recorded",
    add_a_child: "has 1 children",
    log_an_error: "logged 2 times as an error: delivery failed",
    refuse: "somebody was refused: 500",
}


@pytest.mark.parametrize(("spoil", "told"), SPOILT.items(), ids=SPOILT.values())
def test_what_is_spoilt_is_told(spoil: Callable[[Evidence], None], told: str) -> None:
    evidence = sound()
    spoil(evidence)
    assert any(told in sentence for sentence in check(evidence)), check(evidence)


def test_a_stall_explains_a_loss_and_a_purge_explains_lost_poison() -> None:
    evidence = sound()
    do_not_kill(evidence)
    evidence.stalls[7].append(Span(100.5, 101.0, "SIGSTOP"))
    lose_the_poison(evidence)
    evidence.emptied.append(101.0)
    assert check(evidence) == []


@pytest.mark.parametrize(("fault", "is_explained"), [("queue-purge", True), ("deploy", False)])
def test_only_what_loses_messages_explains_a_lost_one(fault: str, is_explained: bool) -> None:
    evidence = sound()
    wait_for_what_was_lost(evidence)
    evidence.faults.append(Span(105.0, 106.0, fault))
    assert any("waited" in sentence for sentence in check(evidence)) is not is_explained


@pytest.mark.parametrize(("broken", "is_explained"), [(20.0, True), (1.0, False)])
def test_poison_may_lie_in_its_queue_for_as_long_as_things_are_broken(broken: float, is_explained: bool) -> None:
    evidence = sound()
    lose_the_poison(evidence)
    evidence.faults.append(Span(101.0, 101.0 + broken, "broker-alarm"))
    evidence.emptied.append(145.0)
    told = [sentence for sentence in check(evidence) if "is not in task.dead" in sentence]
    assert (told == []) is is_explained


def test_a_stopped_process_may_start_late_what_it_has_lost() -> None:
    evidence = sound()
    evidence.lives[7].ended = None
    evidence.stalls[7].append(Span(100.5, 103.1, "SIGSTOP"))
    evidence.runs[1] = Run(LOST, 1, 7, 103.1, 103.4)
    assert check(evidence) == []


def test_a_seed_gives_one_schedule_and_each_fault_comes() -> None:
    assert schedule(5, 300) == schedule(5, 300) != schedule(6, 300)
    assert {fault.name for fault in schedule(5, 300)} == FAULTS.keys()
