"""A worker that is told to stop gives back whatever its handlers do about it, and counts no attempt."""

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from taskflow.infra.settings import Settings
from taskflow.worker.context import Context
from taskflow.worker.health import Stuck
from taskflow.worker.task import Permanent, task
from tests.worker.bench import Bench, Worker, until
from tests.worker.conftest import StartWorker

GIVEN_BACK = ("PENDING", 0, "Given back by a worker that is stopping")


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.worker.executor.GIVE_BACK_TIME", 0.2)


async def stopped(bench: Bench, worker: Worker, kind: str, started: asyncio.Event) -> tuple[str, int, str | None]:
    """The state of a task that ran when its worker was told to stop, once that is gone."""
    task_id = await bench.create(kind)
    await until(started)
    await worker.stop()
    row = await bench.get(task_id)
    return row.status, row.attempt, row.message


@pytest.mark.parametrize("error", [RuntimeError("can't clean up"), Permanent("no"), KeyboardInterrupt(), SystemExit(1)])
async def test_an_error_of_the_clean_up_is_not_the_task_s(
    bench: Bench, start_worker: StartWorker, error: BaseException
) -> None:
    started = asyncio.Event()

    @task("messy", max_attempts=1)
    async def messy(payload: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise error

    async with start_worker(messy) as worker:
        assert await stopped(bench, worker, "messy", started) == GIVEN_BACK


async def test_a_clean_up_that_takes_too_long_is_left(bench: Bench, start_worker: StartWorker) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    @task("slow", max_attempts=1)
    async def slow(payload: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()

    async with start_worker(slow) as worker:
        assert await stopped(bench, worker, "slow", started) == GIVEN_BACK
    release.set()


async def test_who_swallows_the_cancellation_is_left(bench: Bench, start_worker: StartWorker) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    @task("stays", max_attempts=1)
    async def stays(payload: Any) -> str:
        started.set()
        while not release.is_set():
            with suppress(BaseException):
                await release.wait()
        return "after all"

    async with start_worker(stays) as worker:
        assert await stopped(bench, worker, "stays", started) == GIVEN_BACK
    release.set()


async def test_a_thread_that_goes_on_is_left(bench: Bench, start_worker: StartWorker) -> None:
    started, loop, release = asyncio.Event(), asyncio.get_running_loop(), threading.Event()

    @task("thread", max_attempts=1)
    def thread(payload: Any) -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait(30)

    async with start_worker(thread) as worker:
        assert await stopped(bench, worker, "thread", started) == GIVEN_BACK
    release.set()


async def test_work_that_is_finished_all_the_same_counts(bench: Bench, start_worker: StartWorker) -> None:
    started = asyncio.Event()

    @task("finishes", max_attempts=1)
    async def finishes(payload: Any) -> str:
        started.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "in time"

    async with start_worker(finishes) as worker:
        assert (await stopped(bench, worker, "finishes", started))[:2] == ("DONE", 1)


async def test_the_next_attempt_waits_for_a_coroutine_that_does_not_stop(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.worker.running.LAST_WORDS", timedelta(seconds=0.05))
    at_once, most, release = 0, 0, asyncio.Event()

    @task("stubborn", max_attempts=2, timeout=0.05)
    async def stubborn(payload: Any, ctx: Context) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        while ctx.attempt == 1 and not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()
        at_once -= 1
        return "second"

    async with start_worker(stubborn):
        task_id = await bench.create("stubborn")
        await bench.reach(task_id, "PROCESSING", attempt=1)
        await asyncio.sleep(0.5)  # far beyond its limit, and beyond the backoff
        assert await bench.statuses(task_id) == ["PENDING", "PROCESSING"]
        release.set()
        ended = await bench.end(task_id)
    assert (ended.result, ended.attempt, most) == ("second", 2, 1)


class TestStuck:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"worker_prefetch": 2, "worker_lease": timedelta(seconds=1)})

    async def test_a_worker_whose_slots_are_all_stuck_ends(
        self, bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("taskflow.worker.health.LOOK_EVERY", 0.05)
        release = threading.Event()

        @task("stuck", max_attempts=2, timeout=0.05)
        def stuck(payload: Any) -> None:
            release.wait(60)

        async def until_it_ends() -> None:
            async with start_worker(stuck) as worker:
                for _ in range(2):
                    await bench.create("stuck")
                await asyncio.wait([worker.task], timeout=10)
                worker.stopping.set()

        with pytest.raises(Stuck, match="Every slot is held"):
            await until_it_ends()
        release.set()
