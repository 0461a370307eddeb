"""A handler that takes too long has failed, whether or not it lets itself be stopped."""

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.worker.bench import SOON, Bench, until
from tests.worker.conftest import StartWorker


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

    monkeypatch.setattr("taskflow.worker.running.LAST_WORDS", timedelta(seconds=0.05))
    async with start_worker(stubborn):
        ended = await bench.run("stubborn")
        await bench.until_idle()
        release.set()
        assert (await bench.run("message", {"message": "still here"})).status == "DONE"
    assert (ended.status, ended.message) == ("FAILED", "The attempt took longer than 0.05 s and does not stop")
    assert await bench.statuses(ended.id) == ["PENDING", "PROCESSING", "FAILED"]


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
