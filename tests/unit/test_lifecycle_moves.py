"""The lifecycle's moves, each by itself: which are allowed, and what they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from taskflow.db import lifecycle
from taskflow.db.errors import TransitionRejected
from taskflow.db.lifecycle import ENDED, LONGEST_WAIT, MOVES, PUBLISH_GRACE, State, TaskStatus
from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Succeeded
from tests.unit.states import ERROR, LEASE, NOON, SECOND, claimed, finished, in_status, pending


def test_every_status_has_its_moves_and_none_leads_to_itself() -> None:
    assert set(MOVES) == set(TaskStatus)
    assert all(status not in moves for status, moves in MOVES.items())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pending(), claimed()),
        (claimed(), finished(claimed(), Succeeded())),
        (claimed(), finished(claimed(), Cancelled())),
        (claimed(), finished(claimed(), GivenBack())),
        (claimed(), finished(claimed(), Failed(ERROR, SECOND))),
        (claimed(), finished(claimed(), Failed(ERROR, None))),
        (claimed(), lifecycle.lose(claimed(), now=NOON + LEASE, jitter=0)),
        (claimed(), lifecycle.cancel("id", claimed(), now=NOON)),
        (pending(), lifecycle.cancel("id", pending(), now=NOON)),
        (in_status(TaskStatus.FAILED), lifecycle.retry("id", in_status(TaskStatus.FAILED), now=NOON)),
    ],
)
def test_every_change_has_the_next_version(before: State, after: State) -> None:
    assert after.version == before.version + 1


def test_a_new_task_leaves_its_creator_time_to_publish_it() -> None:
    assert pending().dispatch_at == NOON + PUBLISH_GRACE


def test_a_task_created_for_later_is_due_at_its_date() -> None:
    later = NOON + timedelta(hours=1)
    assert lifecycle.created(now=NOON, run_at=later, max_attempts=None).dispatch_at == later


def test_a_task_created_for_an_instant_in_the_past_is_published_at_once() -> None:
    state = lifecycle.created(now=NOON, run_at=NOON - timedelta(days=1), max_attempts=None)
    assert state.dispatch_at == NOON + PUBLISH_GRACE
    assert claimed(state).status is TaskStatus.PROCESSING


@pytest.mark.parametrize("status", sorted(set(TaskStatus) - {TaskStatus.PENDING}))
def test_only_a_pending_task_can_be_claimed(status: TaskStatus) -> None:
    assert lifecycle.claim(in_status(status), now=NOON, lease=LEASE, worker_id="w", max_attempts=3) is None


def test_a_message_that_comes_before_the_date_does_not_start_the_task() -> None:
    state = lifecycle.created(now=NOON, run_at=NOON + 2 * lifecycle.CLOCK_SKEW, max_attempts=None)
    assert lifecycle.claim(state, now=NOON, lease=LEASE, worker_id="w", max_attempts=3) is None


def test_clocks_may_differ_a_little_before_a_message_counts_as_early() -> None:
    state = lifecycle.created(now=NOON, run_at=NOON + lifecycle.CLOCK_SKEW, max_attempts=None)
    assert claimed(state).attempt == 1


def test_the_kinds_own_limit_holds_where_the_creator_named_none() -> None:
    state = lifecycle.claim(pending(max_attempts=None), now=NOON, lease=LEASE, worker_id="w", max_attempts=7)
    assert state is not None
    assert state.max_attempts == 7
    assert claimed(pending(max_attempts=2)).max_attempts == 2


def test_the_claim_is_the_version_of_the_start_and_dies_with_the_attempt() -> None:
    first = claimed()
    assert first.claim == first.version
    assert finished(first, GivenBack()).claim is None


def test_a_success_keeps_result_and_message_and_clears_the_error() -> None:
    after_failure = finished(claimed(), Failed(ERROR, timedelta()))
    state = finished(claimed(after_failure), Succeeded([1], "fine"), now=NOON + 2 * SECOND)
    assert (state.status, state.result, state.message, state.error) == (TaskStatus.DONE, [1], "fine", None)
    assert (state.duration_ms, state.finished_at, state.dispatch_at) == (2000, NOON + 2 * SECOND, None)


def test_a_success_with_progress_ends_at_one() -> None:
    assert finished(replace(claimed(), progress=0.4), Succeeded()).progress == 1.0
    assert finished(claimed(), Succeeded()).progress is None


def test_a_failure_with_attempts_left_waits_for_its_retry_and_says_why() -> None:
    state = finished(claimed(), Failed(ERROR, 10 * SECOND))
    assert (state.status, state.error, state.message) == (TaskStatus.PENDING, ERROR, "it broke")
    assert state.dispatch_at == state.run_at == NOON + 10 * SECOND
    assert state.finished_at is None


def test_a_retry_that_asks_to_wait_for_ever_still_has_a_date() -> None:
    state = finished(claimed(), Failed(ERROR, timedelta.max))
    assert state.run_at == NOON + LONGEST_WAIT


def test_the_last_failure_waits_to_be_dead_lettered() -> None:
    state = finished(claimed(pending(attempt=2)), Failed(ERROR, SECOND))
    assert (state.status, state.dispatch_at) == (TaskStatus.FAILED, NOON + PUBLISH_GRACE)


def test_a_permanent_failure_uses_no_more_attempts() -> None:
    assert in_status(TaskStatus.FAILED).attempt == 1


def test_what_a_stopping_worker_gives_back_is_due_at_once_and_does_not_count() -> None:
    state = finished(claimed(), GivenBack(), now=NOON + SECOND)
    assert (state.status, state.attempt, state.dispatch_at) == (TaskStatus.PENDING, 0, NOON + SECOND)


@pytest.mark.parametrize("outcome", [GivenBack(), Failed(ERROR, SECOND), Failed(ERROR, None), Cancelled()])
def test_a_cancellation_that_was_asked_for_ends_the_task_with_the_attempt(outcome: Outcome) -> None:
    asked = lifecycle.cancel("id", claimed(), now=NOON)
    assert asked is not None
    state = finished(asked, outcome)
    assert (state.status, state.dispatch_at) == (TaskStatus.CANCELLED, None)


def test_an_attempt_that_succeeds_all_the_same_is_done() -> None:
    asked = lifecycle.cancel("id", claimed(), now=NOON)
    assert asked is not None
    assert finished(asked, Succeeded()).status is TaskStatus.DONE


def test_a_lease_is_lost_from_its_very_end_and_only_once() -> None:
    state = claimed()
    assert lifecycle.lose(state, now=NOON + LEASE - timedelta(microseconds=1), jitter=0) is None
    lost = lifecycle.lose(state, now=NOON + LEASE, jitter=0)
    assert lost is not None
    assert lost.error == {"type": "WorkerLost", "message": "Worker w was lost during attempt 1", "traceback": None}
    assert lifecycle.lose(lost, now=NOON + 2 * LEASE, jitter=0) is None


def test_a_lost_attempt_is_a_failure_like_any_other() -> None:
    state = claimed(pending(attempt=2))
    lost = lifecycle.lose(state, now=NOON + LEASE, jitter=0)
    assert lost is not None
    assert lost.status is TaskStatus.FAILED


def test_a_row_that_somebody_else_set_running_is_lost_like_any_other() -> None:
    """An adopted row has no worker that could be named."""
    stranger = pending(status=TaskStatus.PROCESSING, dispatch_at=NOON, max_attempts=None)
    lost = lifecycle.lose(stranger, now=NOON, jitter=0)
    assert lost is not None
    assert (lost.status, lost.message) == (TaskStatus.PENDING, "The worker was lost during attempt 0")


def test_cancelling_twice_asks_once() -> None:
    asked = lifecycle.cancel("id", claimed(), now=NOON)
    assert asked is not None
    assert lifecycle.cancel("id", asked, now=NOON) is None


@pytest.mark.parametrize("status", sorted(ENDED))
def test_what_has_ended_can_not_be_cancelled(status: TaskStatus) -> None:
    with pytest.raises(TransitionRejected) as rejected:
        lifecycle.cancel("some-id", in_status(status), now=NOON)
    assert rejected.value.task_id == "some-id"
    assert rejected.value.status == status
    assert "can be cancelled" in str(rejected.value)


@pytest.mark.parametrize("status", [TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.DONE])
def test_only_what_failed_or_was_cancelled_can_be_retried(status: TaskStatus) -> None:
    with pytest.raises(TransitionRejected) as rejected:
        lifecycle.retry("some-id", in_status(status), now=NOON)
    assert rejected.value.status == status
    assert "can be retried" in str(rejected.value)


@pytest.mark.parametrize("attempt", [0, 1, 3, 9])
def test_a_retry_that_was_asked_for_brings_at_least_one_more_attempt(attempt: int) -> None:
    state = lifecycle.retry("id", pending(status=TaskStatus.FAILED, attempt=attempt), now=NOON)
    assert state.max_attempts is not None
    assert state.max_attempts > state.attempt == attempt
    assert (state.status, state.finished_at, state.run_at) == (TaskStatus.PENDING, None, None)
    assert state.dispatch_at == NOON + PUBLISH_GRACE


def test_a_retry_before_any_attempt_leaves_the_limit_to_the_kind() -> None:
    cancelled = lifecycle.cancel("id", pending(max_attempts=None), now=NOON)
    assert cancelled is not None
    again = lifecycle.retry("id", cancelled, now=NOON)
    state = lifecycle.claim(again, now=NOON, lease=LEASE, worker_id="w", max_attempts=7)
    assert state is not None
    assert state.max_attempts == 7
