"""The lifecycle's promises, over random histories of one task, its broker and its workers; and each move by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taskflow.db import lifecycle
from taskflow.db.errors import TransitionRejected
from taskflow.db.lifecycle import ENDED, LONGEST_WAIT, MOVES, PUBLISH_GRACE, State, TaskStatus
from taskflow.db.outcome import Backoff, Cancelled, Failed, GivenBack, Outcome, Snoozed, Succeeded, TaskError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
ERROR = TaskError(type="Boom", message="it broke", traceback=None)

durations = st.timedeltas(min_value=timedelta(), max_value=timedelta(minutes=10))
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.just(Succeeded({"value": 1}, "fine")),
    st.just(Cancelled()),
    st.just(GivenBack()),
    st.builds(Failed, st.just(ERROR), st.none() | durations),
    st.builds(Snoozed, durations, st.just("not yet")),
)


class History(RuleBasedStateMachine):
    """One task, whatever may happen to it, and all that has to hold after each step and in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.messages = 0
        self.letters = 0
        self.marks: list[tuple[TaskStatus, int]] = []
        self.handed_over: tuple[TaskStatus, int] | None = None
        self.running: set[int] = set()
        self.claims: set[int] = set()
        self.attempts: list[int] = []
        self.retries = 0

    @initialize(wait=st.none() | durations, limit=st.none() | st.integers(1, 4), own_limit=st.integers(1, 4))
    def create(self, wait: timedelta | None, limit: int | None, own_limit: int) -> None:
        run_at = None if wait is None else self.now + wait
        self.own_limit = own_limit
        self.limit = limit or own_limit
        self.state = lifecycle.created(now=self.now, run_at=run_at, max_attempts=limit)
        assert self.state.version == 1

    def move(self, after: State | None) -> bool:
        """Take what the lifecycle says, and hold it to the diagram."""
        if after is None:
            return False
        before = self.state
        assert after.version == before.version + 1
        if after.status is before.status:
            assert after.status is TaskStatus.PROCESSING
            assert after.cancel_requested
            assert not before.cancel_requested
        else:
            assert after.status in MOVES[before.status]
        self.state = after
        return True

    # --- the broker and the dispatchers

    @precondition(lambda self: self.state.dispatch_at is not None and self.state.status is not TaskStatus.PROCESSING)
    @rule(taken=st.booleans(), wait=st.booleans())
    def publish(self, taken: bool, wait: bool) -> None:
        """By its creator or a dispatcher; `taken` says whether the broker confirmed it."""
        state = self.state
        assert state.dispatch_at is not None
        if wait:
            self.now = max(self.now, state.dispatch_at)
        if state.run_at is not None and state.run_at > self.now:
            return
        if taken and state.status is TaskStatus.FAILED:
            self.letters += 1
        elif taken:
            self.messages += 1
        if taken:
            self.marks.append((state.status, state.version))

    @precondition(lambda self: self.marks)
    @rule(data=st.data(), lost=st.booleans())
    def mark(self, data: st.DataObject, lost: bool) -> None:
        """Whoever published says so: late, or never."""
        named = self.marks.pop(data.draw(st.integers(0, len(self.marks) - 1)))
        if not lost and named == (self.state.status, self.state.version):
            self.state = replace(self.state, dispatch_at=None)
            self.handed_over = named

    @precondition(lambda self: self.messages)
    @rule(doubled=st.booleans())
    def lose_or_double_a_message(self, doubled: bool) -> None:
        self.messages += 1 if doubled else -1

    @precondition(lambda self: self.state.status is TaskStatus.PENDING and self.state.dispatch_at is None)
    @rule()
    def recover(self) -> None:
        """The broker came back empty: what it should have had is due again."""
        self.messages = 0
        self.state = replace(self.state, dispatch_at=self.state.run_at or self.now)
        self.handed_over = None

    # --- the workers

    @precondition(lambda self: self.messages)
    @rule()
    def deliver(self) -> None:
        self.messages -= 1
        before = self.state
        after = lifecycle.claim(before, now=self.now, lease=LEASE, worker_id="w", max_attempts=self.own_limit)
        if self.move(after):
            assert before.status is TaskStatus.PENDING
            assert self.state.claim is not None
            assert self.state.claim not in self.claims
            assert self.state.attempt not in self.attempts
            self.attempts.append(self.state.attempt)
            self.claims.add(self.state.claim)
            self.running.add(self.state.claim)

    @precondition(lambda self: self.state.status is TaskStatus.PENDING and self.state.dispatch_at is not None)
    @rule()
    def publish_and_deliver(self) -> None:
        """The usual way, so that histories get far."""
        self.publish(taken=True, wait=True)
        self.deliver()

    @precondition(lambda self: self.running)
    @rule(data=st.data(), outcome=outcomes)
    def finish(self, data: st.DataObject, outcome: Outcome) -> None:
        claim = data.draw(st.sampled_from(sorted(self.running)))
        self.running.discard(claim)
        self.record_end(claim, outcome)

    def record_end(self, claim: int, outcome: Outcome) -> None:
        before = self.state
        after = lifecycle.finish(before, outcome, claim=claim, now=self.now)
        assert (after is not None) == (before.status is TaskStatus.PROCESSING and before.claim == claim)
        if self.move(after) and isinstance(outcome, GivenBack | Snoozed) and self.state.status is TaskStatus.PENDING:
            assert self.attempts.pop() == self.state.attempt + 1

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), outcome=outcomes)
    def finish_with_a_stale_claim(self, data: st.DataObject, outcome: Outcome) -> None:
        claim = data.draw(st.sampled_from(sorted(self.claims)))
        if claim != self.state.claim:
            assert lifecycle.finish(self.state, outcome, claim=claim, now=self.now) is None

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.running.discard(data.draw(st.sampled_from(sorted(self.running))))

    @precondition(lambda self: self.state.claim in self.running)
    @rule()
    def heartbeat(self) -> None:
        self.state = replace(self.state, dispatch_at=self.now + LEASE)

    @rule(jitter=st.floats(0, 0.99))
    def look_for_lost_workers(self, jitter: float) -> None:
        before = self.state
        after = lifecycle.lose(before, now=self.now, jitter=jitter)
        due = before.dispatch_at is not None and before.dispatch_at <= self.now
        assert (after is not None) == (before.status is TaskStatus.PROCESSING and due)
        self.move(after)

    # --- people, and the clock

    @rule()
    def cancel(self) -> None:
        if self.state.status in ENDED:
            with pytest.raises(TransitionRejected):
                lifecycle.cancel("id", self.state, now=self.now)
        else:
            self.move(lifecycle.cancel("id", self.state, now=self.now))

    @rule()
    def retry(self) -> None:
        if self.state.status not in {TaskStatus.FAILED, TaskStatus.CANCELLED}:
            with pytest.raises(TransitionRejected):
                lifecycle.retry("id", self.state, now=self.now)
            return
        self.retries += self.move(lifecycle.retry("id", self.state, now=self.now))

    @rule(by=durations)
    def time_passes(self, by: timedelta) -> None:
        self.now += by

    # --- what holds after each step

    @invariant()
    def dispatch_at_is_empty_exactly_while_nobody_has_to_hand_the_task_over(self) -> None:
        state = self.state
        over = state.status in {TaskStatus.DONE, TaskStatus.CANCELLED}
        assert (state.dispatch_at is None) == (over or self.handed_over == (state.status, state.version))

    @invariant()
    def a_claim_and_a_cancellation_request_last_as_long_as_the_attempt(self) -> None:
        runs = self.state.status is TaskStatus.PROCESSING
        assert (self.state.claim is not None) == runs
        assert runs or not self.state.cancel_requested

    @invariant()
    def no_attempt_is_started_beyond_those_allowed(self) -> None:
        assert self.state.attempt == len(self.attempts) <= self.limit + self.retries

    @invariant()
    def an_end_has_an_instant_and_only_an_end_has(self) -> None:
        assert (self.state.finished_at is not None) == (self.state.status in ENDED)

    @invariant()
    def a_failure_says_why(self) -> None:
        if self.state.status is TaskStatus.FAILED:
            assert self.state.error
            assert self.state.message

    def teardown(self) -> None:
        """Nobody asks anything more, every worker dies in every attempt: it ends, and nothing is left to do."""
        if not hasattr(self, "state"):
            return
        for _ in range(6 * (self.limit + self.retries + 1)):
            state = self.state
            if state.dispatch_at is not None:
                self.now = max(self.now, state.dispatch_at)
            if state.status is TaskStatus.PROCESSING:
                self.running.clear()
                self.look_for_lost_workers(0.5)
            elif state.dispatch_at is not None:
                self.publish(taken=True, wait=True)
                self.state = replace(state, dispatch_at=None)
                self.handed_over = state.status, state.version
            elif state.status is TaskStatus.PENDING:
                self.messages = max(self.messages, 1)  # or recovery brings it
                self.deliver()
        assert self.state.status in ENDED
        assert self.state.dispatch_at is None


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


# --- one move at a time


def pending(**values: object) -> State:
    state = lifecycle.created(now=NOON, run_at=None, max_attempts=3)
    return replace(state, **values)  # type: ignore[arg-type]


def claimed(state: State | None = None, *, now: datetime = NOON) -> State:
    after = lifecycle.claim(state or pending(), now=now, lease=LEASE, worker_id="w", max_attempts=3)
    assert after is not None
    return after


def finished(state: State, outcome: Outcome, *, now: datetime = NOON) -> State:
    assert state.claim is not None
    after = lifecycle.finish(state, outcome, claim=state.claim, now=now)
    assert after is not None
    return after


def in_status(status: TaskStatus) -> State:
    return {
        TaskStatus.PENDING: pending(),
        TaskStatus.PROCESSING: claimed(),
        TaskStatus.DONE: finished(claimed(), Succeeded()),
        TaskStatus.FAILED: finished(claimed(), Failed(ERROR, None)),
        TaskStatus.CANCELLED: finished(claimed(), Cancelled()),
    }[status]


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


# --- backoff


def test_the_exact_curve_doubles_from_the_base_up_to_the_cap() -> None:
    backoff = Backoff(base=SECOND, cap=timedelta(seconds=10))
    delays = [backoff.delay(attempt, jitter=0).total_seconds() for attempt in range(1, 7)]
    assert delays == [1, 2, 4, 8, 10, 10]


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_takes_at_most_half_and_never_adds(attempt: int, jitter: float) -> None:
    exact = Backoff().delay(attempt, jitter=0)
    assert exact / 2 <= Backoff().delay(attempt, jitter=jitter) <= exact <= Backoff().cap


@given(
    attempt=st.integers(1, 10_000), base=st.timedeltas(min_value=timedelta()), cap=st.timedeltas(min_value=timedelta())
)
def test_no_attempt_and_no_setting_is_too_large_to_count_with(attempt: int, base: timedelta, cap: timedelta) -> None:
    assert Backoff(base, cap).delay(attempt, jitter=0) <= cap


def test_the_first_attempt_is_number_one() -> None:
    with pytest.raises(ValueError, match="number 1"):
        Backoff().delay(0, jitter=0)
