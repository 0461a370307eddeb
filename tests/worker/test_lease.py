"""A lease is kept until the outcome is stored, and who has lost it changes nothing more."""

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db import finishing
from taskflow.db.errors import StoreUnavailable
from taskflow.db.leases import extend_leases
from taskflow.infra.settings import Settings
from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.contracts.waiting import eventually, logged
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Leases that a test can see outlived."""
    return settings.model_copy(update={"worker_lease": timedelta(seconds=1.5)})


async def test_a_lease_is_kept_for_as_long_as_the_handler_runs(bench: Bench, start_worker: StartWorker) -> None:
    go_on = asyncio.Event()

    @task("long")
    async def long(payload: Any) -> None:
        await go_on.wait()

    async with start_worker(long):
        task_id = await bench.create("long")
        claimed = await bench.reach(task_id, "PROCESSING")

        async def has_outlived_its_lease() -> bool:
            return datetime.now(UTC) - (claimed.started_at or datetime.now(UTC)) > timedelta(seconds=2)

        await eventually(has_outlived_its_lease)
        assert (await bench.get(task_id)).status == "PROCESSING"
        go_on.set()
        ended = await bench.end(task_id)
    assert (ended.status, ended.attempt) == ("DONE", 1)


async def test_a_lease_is_kept_until_the_outcome_is_stored(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a database that is slow or away for a while costs a finished attempt, and runs it again."""
    real, asked, go_on = finishing.finish, asyncio.Event(), asyncio.Event()

    async def slow_finish(*arguments: Any, **options: Any) -> Any:
        asked.set()
        await go_on.wait()
        return await real(*arguments, **options)

    monkeypatch.setattr(finishing, "finish", slow_finish)
    async with start_worker():
        task_id = await bench.create("message", {"message": "kept"})
        await until(asked)
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def the_lease_would_be_over() -> bool:
            return loop.time() - began > 2

        await eventually(the_lease_would_be_over)
        go_on.set()
        ended = await bench.end(task_id)
    assert (ended.status, ended.attempt, ended.message) == ("DONE", 1, "kept")
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "DONE"]


@pytest.mark.parametrize("in_thread", [False, True], ids=["async", "thread"])
async def test_the_outcome_of_a_lost_lease_is_dropped_and_logged(
    bench: Bench, start_worker: StartWorker, logs: Logs, in_thread: bool
) -> None:
    started, loop = asyncio.Event(), asyncio.get_running_loop()

    @task("slow")
    async def slow(payload: Any) -> str:
        started.set()
        await asyncio.Event().wait()
        return "too late"

    @task("slow")
    def slow_in_thread(payload: Any, ctx: Context) -> str:
        loop.call_soon_threadsafe(started.set)
        pause = threading.Event()
        while not ctx.cancelled:
            pause.wait(0.005)
        return "too late"

    async with start_worker(slow_in_thread if in_thread else slow):
        task_id = await bench.create("slow")
        await until(started)
        await bench.set(
            task_id, claim=4, version=4, attempt=2, worker_id="another", dispatch_at=datetime(2999, 1, 1, tzinfo=UTC)
        )
        await bench.until_idle()
        row = await bench.get(task_id)
    assert (row.status, row.worker_id, row.version, row.result) == ("PROCESSING", "another", 4, None)
    dropped = next(entry for entry in logs if entry["event"] == "outcome dropped: the lease was lost")
    assert (dropped["task_id"], dropped["kind"], dropped["attempt"]) == (task_id, "slow", 1)
    assert dropped["log_level"] == "warning"


async def test_a_task_that_comes_back_to_the_worker_that_lost_it_is_another_attempt(
    bench: Bench, start_worker: StartWorker
) -> None:
    """The first one's end must not take the second one's lease along."""
    started = {1: asyncio.Event(), 2: asyncio.Event()}
    go_on = {1: asyncio.Event(), 2: asyncio.Event()}

    @task("twice")
    async def twice(payload: Any, ctx: Context) -> str:
        started[ctx.attempt].set()
        while not go_on[ctx.attempt].is_set():
            with suppress(asyncio.CancelledError):
                await go_on[ctx.attempt].wait()
        return f"by attempt {ctx.attempt}"

    async with start_worker(twice):
        task_id = await bench.create("twice")
        await until(started[1])
        await bench.set(task_id, status="PENDING", claim=None, dispatch_at=datetime.now(UTC))
        await until(started[2])
        go_on[1].set()
        second = await bench.get(task_id)

        async def has_outlived_its_lease() -> bool:
            return datetime.now(UTC) - (second.started_at or datetime.now(UTC)) > timedelta(seconds=2)

        await eventually(has_outlived_its_lease)
        go_on[2].set()
        ended = await bench.end(task_id)
        await bench.until_idle()
    assert (ended.status, ended.attempt, ended.result) == ("DONE", 2, "by attempt 2")


async def test_who_finishes_before_it_hears_of_its_lost_lease_overwrites_nothing(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @task("slow")
    async def slow(payload: Any) -> str:
        started.set()
        await go_on.wait()
        return "too late"

    async with start_worker(slow):
        task_id = await bench.create("slow")
        await until(started)
        await bench.set(task_id, status="DONE", claim=None, version=5, result="newer", dispatch_at=None)
        go_on.set()
        await bench.until_idle()
        row = await bench.get(task_id)
    assert (row.status, row.result, row.version) == ("DONE", "newer", 5)
    assert any(entry["event"] == "outcome dropped: the lease was lost" for entry in logs)


async def test_a_row_that_a_heartbeat_finds_locked_is_waited_for(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, waited, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()

    async def locked(*arguments: Any, waits: bool, **options: Any) -> Any:
        held = await extend_leases(*arguments, waits=waits, **options)
        if not waits:
            return {task_id: one._replace(is_extended=False) for task_id, one in held.items()}
        loop.call_soon_threadsafe(waited.set)
        return held

    @task("long")
    async def long(payload: Any) -> None:
        await go_on.wait()

    monkeypatch.setattr("taskflow.worker.leases.extend_leases", locked)
    async with start_worker(long):
        task_id = await bench.create("long")
        await until(waited)
        go_on.set()
        assert (await bench.end(task_id)).attempt == 1


async def test_heartbeats_go_on_after_a_defect_of_ours(
    bench: Bench,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
    logs: Logs,
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on, beaten, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    real, failures = extend_leases, iter([StoreUnavailable(), ValueError("a defect")])

    async def fail_twice(*arguments: Any, **options: Any) -> Any:
        if error := next(failures, None):
            raise error
        loop.call_soon_threadsafe(beaten.set)
        return await real(*arguments, **options)

    @task("long")
    async def long(payload: Any, ctx: Context) -> None:
        ctx.progress(0.5, "kept all the same")
        await go_on.wait()

    monkeypatch.setattr("taskflow.worker.leases.extend_leases", fail_twice)
    async with start_worker(long):
        task_id = await bench.create("long")
        await until(beaten)

        async def is_kept() -> bool:
            return (await bench.get(task_id)).message == "kept all the same"

        await eventually(is_kept)
        go_on.set()
        await bench.end(task_id)
    assert [entry["log_level"] for entry in logs if "leases" in entry["event"]] == ["warning"]
    assert await logged(caplog, "heartbeat failed")
