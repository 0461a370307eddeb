"""Progress is news: live on the bus, at most ten times a second, kept on the row by the next heartbeat."""

import asyncio
import threading
from typing import Any

import pytest

from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.worker.bench import FAST, Bench, until
from tests.worker.conftest import StartWorker


async def test_progress_is_told_live_under_the_version_of_the_start(bench: Bench, start_worker: StartWorker) -> None:
    go_on = asyncio.Event()

    @task("resize")
    async def resize(payload: Any, ctx: Context) -> None:
        ctx.progress(0.25, "a quarter")
        await go_on.wait()

    async with start_worker(resize):
        task_id = await bench.create("resize")
        news = await bench.hear(lambda event: event.task_id == task_id and event.progress == 0.25)
        go_on.set()
        await bench.end(task_id)
    start = await bench.hear(lambda event: event.task_id == task_id and event.version == 2)
    assert (news.status, news.message, news.version, news.attempt) == ("PROCESSING", "a quarter", 2, 1)
    assert news.event_id == start.event_id
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "DONE"]


async def test_a_heartbeat_keeps_progress_on_the_row(bench: Bench, start_worker: StartWorker) -> None:
    go_on = asyncio.Event()

    @task("resize")
    async def resize(payload: Any, ctx: Context) -> None:
        ctx.progress(0.5, "half of it")
        await go_on.wait()

    async with start_worker(resize):
        task_id = await bench.create("resize")

        async def is_kept() -> bool:
            row = await bench.get(task_id)
            return (row.progress, row.message, row.version) == (0.5, "half of it", 2)

        await eventually(is_kept)
        go_on.set()
        ended = await bench.end(task_id)
    assert (ended.status, ended.progress, ended.message) == ("DONE", 1.0, "half of it")


async def test_a_flood_of_reports_becomes_few_and_the_last_one_wins(bench: Bench, start_worker: StartWorker) -> None:
    @task("busy")
    def busy(payload: Any, ctx: Context) -> None:
        pause = threading.Event()
        for done in range(500):
            ctx.progress(done / 500)
            pause.wait(0.001)
        ctx.progress(1.0)

    async with start_worker(busy):
        ended = await bench.run("busy")
    assert ended.duration_ms
    told = [event for event in bench.events if event.task_id == ended.id and event.version == 2]
    assert 2 <= len(told) <= 2 + ended.duration_ms / 100
    fractions = [event.progress for event in told[1:]]
    assert fractions == sorted(fractions, key=lambda fraction: fraction or 0)
    assert ended.progress == 1.0


async def test_what_a_failed_attempt_had_reached_stays_on_the_row(bench: Bench, start_worker: StartWorker) -> None:
    @task("half", max_attempts=1)
    async def half(payload: Any, ctx: Context) -> None:
        ctx.progress(0.5)
        raise ValueError("the disk is full")

    async with start_worker(half):
        ended = await bench.run("half")
    assert (ended.status, ended.progress, ended.message) == ("FAILED", 0.5, "the disk is full")


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), float("inf")])
async def test_a_fraction_that_makes_no_sense_is_the_handlers_error(
    bench: Bench, start_worker: StartWorker, fraction: float
) -> None:
    @task("odd", max_attempts=1)
    async def odd(payload: Any, ctx: Context) -> None:
        ctx.progress(fraction)

    async with start_worker(odd):
        ended = await bench.run("odd")
    assert ended.error
    assert ended.error["type"] == "ValueError"


@pytest.mark.parametrize(
    ("note", "kept"),
    [("a\ud800b", "a\\ud800b"), ("a\0b", "a\\0b"), ("x" * 100_000, "x" * 2_000), (42, "42"), ("", ""), ("ü", "ü")],
)
async def test_a_note_that_no_database_would_take_costs_neither_the_task_nor_the_worker(
    bench: Bench, start_worker: StartWorker, note: Any, kept: str
) -> None:
    go_on = asyncio.Event()

    @task("note")
    async def write(payload: Any, ctx: Context) -> None:
        ctx.progress(0.5, note)
        await go_on.wait()
        ctx.note(note)

    async with start_worker(write):
        task_id = await bench.create("note")
        await bench.hear(lambda event: event.task_id == task_id and event.progress == 0.5 and event.message == kept)

        async def is_kept() -> bool:
            return (await bench.get(task_id)).message == kept

        await eventually(is_kept)
        go_on.set()
        ended = await bench.end(task_id)
    assert (ended.status, ended.message) == ("DONE", kept)


async def test_many_threads_may_report_at_once(bench: Bench, start_worker: StartWorker) -> None:
    ended = threading.Event()

    @task("noisy")
    def noisy(payload: Any, ctx: Context) -> None:
        while not ended.is_set():
            ctx.progress(0.5)
            ended.wait(FAST.total_seconds() / 10)

    async with start_worker(noisy):
        tasks = [await bench.create("noisy") for _ in range(8)]
        for one in tasks:
            await bench.hear(lambda event, one=one: event.task_id == one and event.progress == 0.5)  # type: ignore[misc]
        ended.set()
        assert {(await bench.end(one)).status for one in tasks} == {"DONE"}


async def test_a_thread_that_reports_after_its_time_is_not_heard(bench: Bench, start_worker: StartWorker) -> None:
    reported, loop, release = asyncio.Event(), asyncio.get_running_loop(), threading.Event()

    @task("late", timeout=0.05, max_attempts=1)
    def late(payload: Any, ctx: Context) -> None:
        release.wait(10)
        ctx.progress(0.9, "too late")
        loop.call_soon_threadsafe(reported.set)

    async with start_worker(late):
        ended = await bench.run("late")
        release.set()
        await until(reported)
        assert (await bench.run("message", {"message": "later"})).status == "DONE"
    assert all(event.progress is None for event in bench.events if event.task_id == ended.id)
