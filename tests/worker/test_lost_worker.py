"""A worker that is gone is found out, its attempt is recorded as failed, and the task runs again or fails."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db import tasks
from taskflow.db.errors import StoreUnavailable
from taskflow.db.tasks import Claimed
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench
from tests.worker.conftest import Logs, StartWorker


async def claim(bench: Bench, task_id: str, *, lease: timedelta = timedelta()) -> Claimed:
    """As a worker does that is then killed."""
    [claimed], _ = await tasks.claim(
        bench.resources.engine,
        [task_id],
        now=datetime.now(UTC),
        lease=lease,
        worker_id="dead",
        max_attempts=lambda kind: 3,
    )
    assert isinstance(claimed, Claimed)
    return claimed


async def test_a_lost_worker_is_recorded_as_a_failed_attempt_and_made_up_for(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    task_id = await bench.create("message", {"message": "at last"}, publish=False)
    await claim(bench, task_id)
    async with start_worker():
        ended = await bench.end(task_id)
    assert (ended.status, ended.attempt, ended.message) == ("DONE", 2, "at last")
    lost = (await bench.history(task_id))[2]
    assert (lost.status, lost.attempt, lost.worker_id) == ("PENDING", 1, "dead")
    assert lost.message == "Worker dead was lost during attempt 1"
    assert lost.error
    assert lost.error["type"] == "WorkerLost"
    logged = next(entry for entry in logs if entry["event"] == lost.message)
    assert (logged["task_id"], logged["log_level"]) == (task_id, "warning")
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "PENDING", "PROCESSING", "DONE"]


async def test_a_task_that_costs_every_worker_its_life_ends_failed_and_dead_lettered(
    bench: Bench, start_worker: StartWorker
) -> None:
    task_id = await bench.create("message", {"message": "never"}, publish=False, max_attempts=1)
    await claim(bench, task_id)
    async with start_worker():
        ended = await bench.end(task_id)
        letter = await bench.dead_letter(lambda letter: letter.task_id == task_id)

        async def is_off_the_list() -> bool:
            return (await bench.get(task_id)).dispatch_at is None

        await eventually(is_off_the_list)
    assert (ended.status, ended.attempt) == ("FAILED", 1)
    assert ended.error
    assert ended.error["type"] == "WorkerLost"
    assert letter.reason == "Worker dead was lost during attempt 1"
    assert b'"message":"never"' in letter.body


async def test_a_claim_that_took_effect_unheard_is_taken_up_by_who_made_it(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke during the commit. With one attempt only, waiting for the lease would fail the task."""
    real = tasks.claim
    broken: list[Any] = []

    async def commit_and_break(*arguments: Any, **options: Any) -> Any:
        answer = await real(*arguments, **options)
        if not broken:
            broken.append(answer)
            raise StoreUnavailable
        return answer

    monkeypatch.setattr(tasks, "claim", commit_and_break)
    async with start_worker():
        ended = await bench.run("message", {"message": "once"}, max_attempts=1)
    assert (ended.status, ended.attempt, ended.message) == ("DONE", 1, "once")
    assert await bench.statuses(ended.id) == ["PENDING", "PROCESSING", "DONE"]
