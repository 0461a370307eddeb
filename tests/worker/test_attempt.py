"""Whatever a handler does becomes data: a result, a retry, a failure. The worker goes on."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db.models import Task
from taskflow.db.outcome import Backoff
from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, RetryLater, task
from tests.worker.bench import FAST, Bench, until
from tests.worker.conftest import StartWorker

SOON = Backoff(base=FAST)


async def test_async_handlers_run_in_the_loop_and_plain_ones_in_a_thread(
    bench: Bench, start_worker: StartWorker
) -> None:
    loop_thread = threading.get_ident()

    @task("async")
    async def in_loop(payload: Any) -> bool:
        return threading.get_ident() == loop_thread

    @task("plain")
    def in_thread(payload: Any) -> bool:
        return threading.get_ident() == loop_thread

    async with start_worker(in_loop, in_thread):
        assert (await bench.run("async")).result is True
        assert (await bench.run("plain")).result is False


async def test_a_handler_learns_which_attempt_of_which_task_it_is(bench: Bench, start_worker: StartWorker) -> None:
    @task("who", max_attempts=2, backoff=SOON)
    def who(payload: Any, ctx: Context) -> list[Any]:
        if ctx.attempt == 1:
            raise ValueError("once more")
        return [ctx.task_id, ctx.kind, ctx.title, ctx.attempt, ctx.max_attempts]

    async with start_worker(who):
        ended = await bench.run("who", title="Which?")
    assert ended.result == [ended.id, "who", "Which?", 2, 2]


async def test_plain_handlers_run_at_the_same_time(bench: Bench, start_worker: StartWorker) -> None:
    meeting = threading.Barrier(4)

    @task("meet")
    def meet(payload: Any) -> None:
        meeting.wait(5)

    async with start_worker(meet):
        tasks = [await bench.create("meet") for _ in range(4)]
        assert [(await bench.end(one)).status for one in tasks] == ["DONE"] * 4


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


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("there are no words for it")


class Base(BaseException):
    """As pytest's, trio's and others' that are no Exception."""


RAISED: list[tuple[Callable[[], BaseException], str, str]] = [
    (lambda: ValueError("no"), "ValueError", "no"),
    (lambda: ValueError(), "ValueError", "ValueError"),
    (lambda: SystemExit(3), "SystemExit", "3"),
    (lambda: KeyboardInterrupt(), "KeyboardInterrupt", "KeyboardInterrupt"),
    (lambda: GeneratorExit(), "GeneratorExit", "GeneratorExit"),
    (lambda: asyncio.CancelledError(), "CancelledError", "CancelledError"),
    (lambda: TimeoutError("of its own"), "TimeoutError", "of its own"),
    (lambda: StopIteration(7), "", ""),
    (lambda: Base("unusual"), "Base", "unusual"),
    (lambda: ExceptionGroup("two", [ValueError("a"), KeyError("b")]), "ExceptionGroup", "two (2 sub-exceptions)"),
    (lambda: Mute(), "Mute", "Mute"),
    (lambda: ValueError("a\ud800b\0c"), "ValueError", "a\\ud800b\\0c"),
    (lambda: ValueError("x" * 100_000), "ValueError", "x" * 2_000),
]


@pytest.mark.parametrize(("make", "type_", "message"), RAISED)
@pytest.mark.parametrize("in_thread", [False, True], ids=["async", "thread"])
async def test_whatever_a_handler_raises_is_its_failure_and_nobody_elses(
    bench: Bench,
    start_worker: StartWorker,
    make: Callable[[], BaseException],
    type_: str,
    message: str,
    in_thread: bool,
) -> None:
    @task("raise", max_attempts=1)
    async def raise_(payload: Any) -> None:
        raise make()

    @task("raise", max_attempts=1)
    def raise_in_thread(payload: Any) -> None:
        raise make()

    async with start_worker(raise_in_thread if in_thread else raise_):
        ended = await bench.run("raise")
        assert (await bench.run("message", {"message": "still here"})).status == "DONE"
        await bench.until_idle()
    assert (ended.status, ended.attempt) == ("FAILED", 1)
    assert ended.error
    if type_:
        assert (ended.error["type"], ended.message) == (type_, message)
        assert type_ in (ended.error["traceback"] or "") or len(message) == 2_000


async def test_a_long_traceback_keeps_its_end(bench: Bench, start_worker: StartWorker) -> None:
    @task("deep", max_attempts=1)
    def deep(payload: Any) -> None:
        raise ValueError("x" * 50_000 + "the end")

    async with start_worker(deep):
        ended = await bench.run("deep")
    assert ended.error
    assert ended.error["traceback"]
    assert len(ended.error["traceback"]) <= 16_000
    assert ended.error["traceback"].rstrip().endswith("the end")


async def test_an_async_handler_that_takes_too_long_is_stopped_and_retried(
    bench: Bench, start_worker: StartWorker
) -> None:
    stopped = []

    @task("slow", max_attempts=2, timeout=0.05, backoff=SOON)
    async def slow(payload: Any, ctx: Context) -> str:
        if ctx.attempt == 2:
            return "quick this time"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(ctx.attempt)
            raise
        return "never"

    async with start_worker(slow):
        ended = await bench.run("slow")
    assert (ended.status, ended.attempt, ended.result) == ("DONE", 2, "quick this time")
    assert stopped == [1]
    first = (await bench.history(ended.id))[2]
    assert first.message == "The attempt took longer than 0.05 s"
    assert first.error
    assert first.error["type"] == "TimeoutError"


async def test_a_plain_handler_that_takes_too_long_is_told_to_stop_and_its_result_is_dropped(
    bench: Bench, start_worker: StartWorker
) -> None:
    left, loop = asyncio.Event(), asyncio.get_running_loop()

    @task("slow", max_attempts=1, timeout=0.05)
    def slow(payload: Any, ctx: Context) -> str:
        pause = threading.Event()
        while not ctx.cancelled:
            pause.wait(0.005)
        loop.call_soon_threadsafe(left.set)
        return "too late"

    async with start_worker(slow):
        ended = await bench.run("slow")
        await until(left)
        assert (await bench.run("message", {"message": "still here"})).status == "DONE"
    assert (ended.status, ended.message) == ("FAILED", "The attempt took longer than 0.05 s")
    assert ended.result is None
    assert await bench.statuses(ended.id) == ["PENDING", "PROCESSING", "FAILED"]


async def test_a_thread_that_never_returns_keeps_no_worker_from_ending(bench: Bench, start_worker: StartWorker) -> None:
    release = threading.Event()

    @task("stuck", max_attempts=1, timeout=0.05)
    def stuck(payload: Any) -> None:
        release.wait(30)

    async with start_worker(stuck) as worker:
        assert (await bench.run("stuck")).status == "FAILED"
        await worker.stop()
    release.set()


async def test_an_async_handler_that_does_not_let_itself_be_stopped_is_left_behind(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()

    @task("stubborn", max_attempts=1, timeout=0.05)
    async def stubborn(payload: Any) -> str:
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()
        return "too late"

    monkeypatch.setattr("taskflow.worker.executor.LAST_WORDS", timedelta(seconds=0.05))
    async with start_worker(stubborn):
        ended = await bench.run("stubborn")
        await bench.until_idle()
        release.set()
        assert (await bench.run("message", {"message": "still here"})).status == "DONE"
    assert (ended.status, ended.message) == ("FAILED", "The attempt took longer than 0.05 s and does not stop")
    assert await bench.statuses(ended.id) == ["PENDING", "PROCESSING", "FAILED"]


async def test_a_handler_that_cancels_itself_has_failed(bench: Bench, start_worker: StartWorker) -> None:
    """It is not given back as from a worker that stops, uncounted, for ever."""

    @task("suicidal", max_attempts=2, backoff=SOON)
    async def suicidal(payload: Any) -> None:
        attempt = asyncio.current_task()
        assert attempt
        attempt.cancel()
        await asyncio.sleep(0)

    async with start_worker(suicidal):
        ended = await bench.run("suicidal")
    assert (ended.status, ended.attempt) == ("FAILED", 2)
    assert ended.error
    assert ended.error["type"] == "CancelledError"


async def test_a_time_out_of_the_handlers_own_is_not_taken_for_the_limit(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("own", max_attempts=1, timeout=60)
    async def own(payload: Any) -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    async with start_worker(own):
        ended = await bench.run("own")
    assert ended.error
    assert (ended.error["type"], ended.message) == ("TimeoutError", "TimeoutError")


async def test_a_kind_that_is_not_known_fails_at_once_and_names_those_that_are(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("known")
    async def known(payload: Any) -> None: ...

    async with start_worker(known):
        ended = await bench.run("unheard-of")
    assert ended.status == "FAILED"
    assert ended.message == "No handler for kind 'unheard-of': this worker knows known, message"
    assert ended.error
    assert ended.error["type"] == "UnknownKind"
    assert ended.attempt == 1


async def test_a_scheduled_task_waits_for_its_date(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        date = datetime.now(UTC) + timedelta(seconds=2)
        waiting = await bench.create("message", {"message": "on time"}, run_at=date, publish=False)
        await bench.deliver(waiting)
        await bench.until_idle()
        assert (await bench.get(waiting)).status == "PENDING"
        ended: Task = await bench.end(waiting)
    assert ended.started_at
    assert date <= ended.started_at < date + timedelta(seconds=2)
