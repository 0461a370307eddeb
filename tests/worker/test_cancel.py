"""Cancellation is co-operative: a coroutine is cancelled, a thread is told, and who finishes all the same is DONE."""

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from taskflow.db import tasks
from taskflow.db.models import Task
from taskflow.infra.bus import CANCEL_CHANNEL
from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.worker.bench import Bench, until
from tests.worker.conftest import StartWorker


@pytest.fixture(params=["told on the bus", "found by the heartbeat"])
def cancel(request: pytest.FixtureRequest, bench: Bench) -> Any:
    async def cancel(task_id: str) -> None:
        await tasks.cancel(bench.resources.engine, task_id, now=datetime.now(UTC))
        if request.param == "told on the bus":
            bench.resources.bus.publish(CANCEL_CHANNEL, [task_id.encode()])

    return cancel


def is_cancelled(ended: Task) -> bool:
    return (ended.status, ended.message, ended.cancel_requested) == ("CANCELLED", "Cancelled", False)


async def test_an_async_handler_is_cancelled(bench: Bench, start_worker: StartWorker, cancel: Any) -> None:
    started, left = asyncio.Event(), asyncio.Event()

    @task("wait")
    async def wait(payload: Any, ctx: Context) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            assert ctx.cancelled
            left.set()

    async with start_worker(wait):
        task_id = await bench.create("wait")
        await until(started)
        await cancel(task_id)
        ended = await bench.end(task_id)
        await bench.until_idle()
    assert left.is_set()
    assert is_cancelled(ended)
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "PROCESSING", "CANCELLED"]


async def test_a_plain_handler_finds_out_when_it_asks(bench: Bench, start_worker: StartWorker, cancel: Any) -> None:
    started, loop = asyncio.Event(), asyncio.get_running_loop()

    @task("loop")
    def loop_(payload: Any, ctx: Context) -> str:
        pause = threading.Event()
        loop.call_soon_threadsafe(started.set)
        while not ctx.cancelled:
            pause.wait(0.005)
        return "stopped"

    async with start_worker(loop_):
        task_id = await bench.create("loop")
        await until(started)
        await cancel(task_id)
        ended = await bench.end(task_id)
    assert is_cancelled(ended)
    assert ended.result is None


async def test_a_handler_that_finishes_all_the_same_is_done(
    bench: Bench, start_worker: StartWorker, cancel: Any
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @task("stubborn")
    async def stubborn(payload: Any) -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await go_on.wait()
        return "finished"

    async with start_worker(stubborn):
        task_id = await bench.create("stubborn")
        await until(started)
        await cancel(task_id)
        go_on.set()
        ended = await bench.end(task_id)
    assert (ended.status, ended.result, ended.cancel_requested) == ("DONE", "finished", False)
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "PROCESSING", "DONE"]


async def test_a_handler_that_fails_once_cancelled_is_not_retried(
    bench: Bench, start_worker: StartWorker, cancel: Any
) -> None:
    started = asyncio.Event()

    @task("untidy", max_attempts=5)
    async def untidy(payload: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the tidying up failed")

    async with start_worker(untidy):
        task_id = await bench.create("untidy")
        await until(started)
        await cancel(task_id)
        ended = await bench.end(task_id)
    assert is_cancelled(ended)
    assert ended.error
    assert ended.error["message"] == "the tidying up failed"


async def test_a_task_that_waits_is_cancelled_at_once_and_its_message_starts_nothing(
    bench: Bench, start_worker: StartWorker
) -> None:
    started = asyncio.Event()

    @task("never")
    async def never(payload: Any) -> None:
        started.set()

    task_id = await bench.create("never")
    await tasks.cancel(bench.resources.engine, task_id, now=datetime.now(UTC))
    async with start_worker(never):
        await bench.until_idle()
    assert not started.is_set()
    assert await bench.statuses(task_id) == ["PENDING", "CANCELLED"]


async def test_a_cancellation_of_something_else_is_not_ones_own(bench: Bench, start_worker: StartWorker) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @task("wait")
    async def wait(payload: Any) -> None:
        started.set()
        await go_on.wait()

    async with start_worker(wait):
        task_id = await bench.create("wait")
        await until(started)
        bench.resources.bus.publish(CANCEL_CHANNEL, [b"another", b"\xff\xfe", b""])
        go_on.set()
        assert (await bench.end(task_id)).status == "DONE"
