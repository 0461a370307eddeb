"""Where a handler runs, when, and what it learns of its task."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from taskflow.db.models import Task
from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import StartWorker


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


async def test_a_kind_that_is_not_known_fails_like_any_other_and_names_those_that_are(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("known")
    async def known(payload: Any) -> None: ...

    async with start_worker(known):
        failed = await bench.reach(await bench.create("unheard-of"), "PENDING", attempt=1)
        ended = await bench.run("unheard-of", max_attempts=1)
    assert ended.status == "FAILED"
    assert failed.run_at
    for one in (failed, ended):
        assert one.message == "No handler for kind 'unheard-of': this worker knows known, message"
        assert one.error
        assert one.error["type"] == "UnknownKind"


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
