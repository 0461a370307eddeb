"""The lifecycle's promises over random histories of one task, its broker and its workers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taskflow.db import lifecycle
from taskflow.db.errors import TransitionRejected
from taskflow.db.lifecycle import ENDED, MOVES, State, TaskStatus
from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Snoozed, Succeeded
from tests.unit.states import ERROR, LEASE, NOON

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
