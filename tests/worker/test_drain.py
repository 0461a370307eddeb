"""A worker that is told to stop lets what runs end in time, gives the rest back uncounted, and takes nothing more."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db import tasks
from taskflow.infra.settings import Settings
from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker


@pytest.fixture
def patient(settings: Settings) -> None:
    object.__setattr__(settings, "worker_shutdown_timeout", timedelta(seconds=5))


@pytest.mark.usefixtures("patient")
async def test_what_runs_may_end(bench: Bench, start_worker: StartWorker, logs: Logs) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @task("short")
    async def short(payload: Any) -> str:
        started.set()
        await go_on.wait()
        return "in time"

    async with start_worker(short) as worker:
        task_id = await bench.create("short")
        await until(started)
        worker.stopping.set()

        async def is_stopping() -> bool:
            return any(entry["event"] == "worker stopping" and entry["running"] == 1 for entry in logs)

        await eventually(is_stopping)
        go_on.set()
        await until(worker.task)
    ended = await bench.get(task_id)
    assert (ended.status, ended.result, ended.attempt) == ("DONE", "in time", 1)


@pytest.mark.parametrize("in_thread", [False, True], ids=["async", "thread"])
async def test_the_rest_is_given_back_its_attempt_not_counted(
    bench: Bench, start_worker: StartWorker, in_thread: bool
) -> None:
    started, loop, release = asyncio.Event(), asyncio.get_running_loop(), threading.Event()
    seen: list[int] = []

    @task("long", max_attempts=1)
    async def long(payload: Any, ctx: Context) -> int:
        seen.append(ctx.attempt)
        if len(seen) == 1:
            started.set()
            await asyncio.Event().wait()
        return ctx.attempt

    @task("long", max_attempts=1)
    def long_in_thread(payload: Any, ctx: Context) -> int:
        seen.append(ctx.attempt)
        if len(seen) == 1:
            loop.call_soon_threadsafe(started.set)
            release.wait(10)
        return ctx.attempt

    handler = long_in_thread if in_thread else long
    async with start_worker(handler) as worker:
        task_id = await bench.create("long")
        await until(started)
        await worker.stop()
        given_back = await bench.get(task_id)
    assert (given_back.status, given_back.attempt, given_back.claim) == ("PENDING", 0, None)
    assert given_back.message == "Given back by a worker that is stopping"
    assert given_back.dispatch_at
    assert given_back.dispatch_at <= datetime.now(UTC)
    async with start_worker(handler):
        ended = await bench.end(task_id)
    release.set()
    assert (ended.status, ended.attempt, ended.result, seen) == ("DONE", 1, 1, [1, 1])
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "PENDING", "PROCESSING", "DONE"]


async def test_a_cancelled_task_that_is_given_back_is_cancelled(bench: Bench, start_worker: StartWorker) -> None:
    started, release, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    @task("deaf")
    def deaf(payload: Any) -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait(10)

    async with start_worker(deaf) as worker:
        task_id = await bench.create("deaf")
        await until(started)
        await tasks.cancel(bench.resources.engine, task_id, now=datetime.now(UTC))
        await worker.stop()
    release.set()
    assert (await bench.get(task_id)).status == "CANCELLED"


async def test_messages_that_were_not_started_go_back_to_the_broker(bench: Bench, start_worker: StartWorker) -> None:
    started = asyncio.Event()

    @task("long")
    async def long(payload: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    async with start_worker(long) as worker:
        ids = [await bench.create("long") for _ in range(20)]
        await until(started)
        await worker.stop()
        waiting = await bench.broker.depth("default")
    rows = [await bench.get(one) for one in ids]
    assert {row.status for row in rows} == {"PENDING"}
    assert {row.attempt for row in rows} == {0}
    assert waiting >= 12


async def test_a_claim_that_comes_through_too_late_starts_no_handler(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, claiming, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    real = tasks.claim

    @task("late")
    async def late(payload: Any) -> None:
        started.set()

    async def slow_claim(*arguments: Any, **options: Any) -> Any:
        claiming.set()
        await go_on.wait()
        return await real(*arguments, **options)

    monkeypatch.setattr(tasks, "claim", slow_claim)
    async with start_worker(late) as worker:
        task_id = await bench.create("late")
        await until(claiming)
        worker.stopping.set()

        async def gives_up_waiting() -> bool:
            return worker.task.done() or go_on.is_set() or loop.time() > began + 0.1

        loop = asyncio.get_running_loop()
        began = loop.time()
        await eventually(gives_up_waiting)
        go_on.set()
        await until(worker.task)
    row = await bench.get(task_id)
    assert not started.is_set()
    assert (row.status, row.attempt) == ("PENDING", 0)


async def test_a_worker_that_has_nothing_to_do_stops_at_once(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker() as worker:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await worker.stop()
        assert loop.time() - began < 1
