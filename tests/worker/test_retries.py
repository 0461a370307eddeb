"""A failed attempt is retried, at the date that the row says, until one succeeds or none is left."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db.outcome import Backoff
from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, RetryLater, task
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import StartWorker


async def test_a_failed_attempt_is_retried_until_one_succeeds(bench: Bench, start_worker: StartWorker) -> None:
    @task("flaky", max_attempts=3, backoff=SOON)
    async def flaky(payload: Any, ctx: Context) -> int:
        if ctx.attempt < 3:
            raise ConnectionError(f"no answer at attempt {ctx.attempt}")
        return ctx.attempt

    async with start_worker(flaky):
        ended = await bench.run("flaky")
    assert (ended.status, ended.attempt, ended.result, ended.error) == ("DONE", 3, 3, None)
    history = await bench.history(ended.id)
    assert [(event.status, event.attempt, event.message) for event in history] == [
        ("PENDING", 0, None),
        ("PROCESSING", 1, None),
        ("PENDING", 1, "no answer at attempt 1"),
        ("PROCESSING", 2, None),
        ("PENDING", 2, "no answer at attempt 2"),
        ("PROCESSING", 3, None),
        ("DONE", 3, None),
    ]


async def test_while_a_retry_waits_the_row_says_why_and_when(bench: Bench, start_worker: StartWorker) -> None:
    @task("later", backoff=Backoff(base=timedelta(hours=1), cap=timedelta(hours=2)))
    async def later(payload: Any) -> None:
        raise ConnectionError("the bank is closed")

    async with start_worker(later):
        task_id = await bench.create("later")
        began = datetime.now(UTC)
        await bench.reach(task_id, "PENDING", attempt=1)
        waiting = await bench.get(task_id)
    assert (waiting.status, waiting.attempt, waiting.message) == ("PENDING", 1, "the bank is closed")
    assert waiting.error
    assert waiting.error["type"] == "ConnectionError"
    assert "in later" in (waiting.error["traceback"] or "")
    assert waiting.run_at == waiting.dispatch_at
    assert waiting.run_at
    assert timedelta(minutes=29) < waiting.run_at - began < timedelta(minutes=61)


async def test_the_last_attempts_failure_is_the_tasks_and_goes_to_the_dead_letters(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("hopeless", backoff=SOON)
    async def hopeless(payload: Any, ctx: Context) -> None:
        raise ConnectionError(f"no answer at attempt {ctx.attempt}")

    async with start_worker(hopeless):
        ended = await bench.run("hopeless", {"a": 1}, max_attempts=2)
        letter = await bench.dead_letter(lambda letter: letter.task_id == ended.id)
        await bench.until_idle()
    assert (ended.status, ended.attempt, ended.message) == ("FAILED", 2, "no answer at attempt 2")
    assert letter.reason == "no answer at attempt 2"
    assert b'"payload":{"a":1}' in letter.body
    assert (await bench.get(ended.id)).dispatch_at is None


async def test_permanent_fails_at_once(bench: Bench, start_worker: StartWorker) -> None:
    @task("charge")
    async def charge(payload: Any) -> None:
        raise Permanent("there is no card")

    async with start_worker(charge):
        ended = await bench.run("charge")
    assert (ended.status, ended.attempt, ended.message) == ("FAILED", 1, "there is no card")
    assert ended.error
    assert ended.error["type"] == "Permanent"


@pytest.mark.parametrize("delay", [timedelta(hours=3), 3 * 3600, 10_800.0])
async def test_retry_later_says_itself_when(bench: Bench, start_worker: StartWorker, delay: Any) -> None:
    @task("busy", backoff=SOON)
    async def busy(payload: Any) -> None:
        raise RetryLater("come back in the afternoon", delay=delay)

    async with start_worker(busy):
        task_id = await bench.create("busy")
        began = datetime.now(UTC)
        await bench.reach(task_id, "PENDING", attempt=1)
        waiting = await bench.get(task_id)
    assert waiting.message == "come back in the afternoon"
    assert waiting.run_at
    assert timedelta(hours=3) <= waiting.run_at - began < timedelta(hours=3, minutes=1)


async def test_retry_later_counts_as_an_attempt(bench: Bench, start_worker: StartWorker) -> None:
    @task("busy", backoff=SOON)
    async def busy(payload: Any) -> None:
        raise RetryLater("not now", delay=timedelta(seconds=-5))

    async with start_worker(busy):
        ended = await bench.run("busy", max_attempts=2)
    assert (ended.status, ended.attempt, ended.message) == ("FAILED", 2, "not now")


@pytest.mark.parametrize("delay", ["soon", None, float("nan"), timedelta.max])
async def test_a_delay_that_makes_no_sense_costs_no_more_than_the_attempt(
    bench: Bench, start_worker: StartWorker, delay: Any
) -> None:
    @task("odd", max_attempts=2, backoff=SOON)
    async def odd(payload: Any, ctx: Context) -> int:
        if ctx.attempt == 1:
            raise RetryLater("not now", delay=delay)
        return ctx.attempt

    async with start_worker(odd):
        task_id = await bench.create("odd")
        waiting = await bench.reach(task_id, "PENDING", attempt=1)
    assert waiting.error
