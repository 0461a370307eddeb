"""Snooze: the task is run again after its delay, and no attempt is used, however often."""

from datetime import timedelta
from typing import Any

from taskflow.worker.context import Context
from taskflow.worker.task import Snooze, task
from tests.worker.bench import Bench
from tests.worker.conftest import StartWorker


async def test_a_snoozed_task_is_run_again_and_uses_no_attempt(bench: Bench, start_worker: StartWorker) -> None:
    attempts: list[int] = []

    @task("wait", max_attempts=1)
    async def wait(payload: Any, ctx: Context) -> str:
        attempts.append(ctx.attempt)
        if len(attempts) < 4:
            raise Snooze("the printer is busy", delay=timedelta(milliseconds=1))
        return "printed"

    async with start_worker(wait):
        ended = await bench.run("wait")
    assert (ended.status, ended.result, ended.attempt, attempts) == ("DONE", "printed", 1, [1, 1, 1, 1])
    events = await bench.history(ended.id)
    waiting = [event for event in events if event.status == "PENDING"][1:]
    assert [(event.message, event.error, event.attempt) for event in waiting] == [("the printer is busy", None, 0)] * 3


async def test_a_snoozed_task_waits_for_its_date(bench: Bench, start_worker: StartWorker) -> None:
    @task("later")
    def later(payload: Any) -> None:
        raise Snooze(delay=3600)

    async with start_worker(later):
        task_id = await bench.create("later")
        await bench.hear(lambda event: event.task_id == task_id and event.version == 3)
        row = await bench.get(task_id)
        assert (row.status, row.attempt, row.error) == ("PENDING", 0, None)
        assert row.run_at == row.dispatch_at
        assert row.run_at
        assert row.run_at - row.updated_at == timedelta(hours=1)


async def test_a_task_that_is_cancelled_while_it_asks_to_snooze_is_cancelled(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("stubborn")
    def stubborn(payload: Any, ctx: Context) -> None:
        while not ctx.is_cancelled:
            pass
        raise Snooze(delay=3600)

    async with start_worker(stubborn):
        task_id = await bench.create("stubborn")
        await bench.reach(task_id, "PROCESSING")
        await bench.set(task_id, cancel_requested=True)
        assert (await bench.end(task_id)).status == "CANCELLED"
