"""The wait before a retry: it doubles up to a limit, and chance shortens it by half at most."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.db.outcome import Backoff
from tests.unit.states import SECOND


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
