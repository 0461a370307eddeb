"""What a worker's metrics say of its attempts, its slots, its loops, and when they can be had."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db import leases
from taskflow.db.errors import StoreUnavailable
from taskflow.infra.metrics import NAMES_MAX, Metrics
from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, RetryLater, Snooze, task
from tests.contracts.waiting import eventually
from tests.scrape import Scrape
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import StartWorker
from tests.worker.test_lost_worker import claim


def scrape(bench: Bench) -> Scrape:
    return Scrape.of(bench.resources.metrics.registry)


def attempts(bench: Bench, kind: str) -> dict[str, float]:
    """By outcome, those that there were."""
    found = scrape(bench)
    outcomes = found.labels("attempts_total", "outcome")
    counted = {one: found.value("attempts_total", kind=kind, outcome=one) for one in outcomes}
    return {outcome: count for outcome, count in counted.items() if count}


async def shown(bench: Bench, name: str, value: float, **labels: str) -> None:
    """Wait until a scrape has it."""

    async def is_shown() -> bool:
        return scrape(bench).value(name, **labels) == value

    await eventually(is_shown)


async def until_counted(bench: Bench, kind: str, outcomes: dict[str, float]) -> None:
    """An outcome is counted right after its commit, from which the test hears of it."""

    async def counted() -> bool:
        return attempts(bench, kind) == outcomes

    await eventually(counted)


@task("stumble", backoff=SOON)
async def stumble(payload: Any, ctx: Context) -> None:
    if ctx.attempt <= 2:
        raise ConnectionError


@task("outcomes", max_attempts=2, backoff=SOON)
async def outcomes(payload: dict[str, str], ctx: Context) -> None:
    if payload["wanted"] == "snoozed" and ctx.message is None and ctx.task_id not in SEEN:
        SEEN.add(ctx.task_id)
        raise Snooze(delay=0)
    if payload["wanted"] == "permanent":
        raise Permanent("no")
    if payload["wanted"] == "failed":
        raise RetryLater(delay=0)


SEEN: set[str] = set()


async def test_a_task_that_fails_twice_and_succeeds_is_three_attempts_and_one_end(
    bench: Bench, start_worker: StartWorker
) -> None:
    async with start_worker(stumble):
        await shown(bench, "attempts_total", 0, kind="stumble", outcome="failed")
        assert (await bench.run("stumble")).status == "DONE"
        await until_counted(bench, "stumble", {"failed": 2, "succeeded": 1})
        found = scrape(bench)
    assert found.value("tasks_ended_total", kind="stumble", status="DONE") == 1
    assert found.value("attempt_duration_seconds_count", kind="stumble") == 3
    assert found.value("queue_wait_seconds_count", queue="default") == 3


@pytest.mark.parametrize(
    ("wanted", "counted", "status"),
    [
        ("snoozed", {"snoozed": 1, "succeeded": 1}, "DONE"),
        ("permanent", {"failed": 1}, "FAILED"),
        ("failed", {"failed": 2}, "FAILED"),
    ],
)
async def test_each_outcome_has_its_name(
    bench: Bench, start_worker: StartWorker, wanted: str, counted: dict[str, float], status: str
) -> None:
    async with start_worker(outcomes):
        await bench.run("outcomes", {"wanted": wanted})
        await until_counted(bench, "outcomes", counted)
    assert scrape(bench).value("tasks_ended_total", kind="outcomes", status=status) == 1


async def test_kinds_that_no_worker_knows_share_one_label(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        for kind in ("strange", "stranger"):
            await bench.run(kind, max_attempts=1)
        await until_counted(bench, "other", {"failed": 2})
    assert scrape(bench).labels("attempts_total", "kind") == {"message", "other"}


def test_a_label_has_no_more_values_than_there_is_room_for() -> None:
    metrics = Metrics()
    kinds = [f"kind{number}" for number in range(NAMES_MAX + 50)]
    metrics.kinds.know(kinds)
    for kind in kinds:
        metrics.ran(kind, 1.0)
    found = Scrape.of(metrics.registry)
    assert len(found.labels("attempt_duration_seconds_count", "kind")) == NAMES_MAX + 1
    assert found.value("attempt_duration_seconds_count", kind="other") == 50


async def test_the_wait_is_counted_from_when_a_task_could_run(bench: Bench, start_worker: StartWorker) -> None:
    """Not from the creation of one that had a date, or whose attempt failed and waits."""
    task_id = await bench.create("message", {"message": "late"}, run_at=datetime.now(UTC) - timedelta(hours=2))
    await bench.set(task_id, updated_at=datetime.now(UTC) - timedelta(hours=3))
    async with start_worker():
        await bench.end(task_id)
        found = scrape(bench)
    waited = found.value("queue_wait_seconds_sum", queue="default")
    assert waited is not None
    assert 7200 <= waited < 7300


async def test_an_attempt_whose_worker_is_gone_is_counted_as_lost(bench: Bench, start_worker: StartWorker) -> None:
    task_id = await bench.create("message", {"message": "never"}, publish=False, max_attempts=1)
    await claim(bench, task_id)
    async with start_worker():
        await bench.end(task_id)
        await until_counted(bench, "message", {"lost": 1})
    found = scrape(bench)
    assert found.value("leases_recovered_total") == 1
    assert found.value("tasks_ended_total", kind="message", status="FAILED") == 1


async def test_slots_are_shown_by_state_and_a_thread_that_goes_on_is_stuck(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.worker.running.LAST_WORDS", timedelta())
    release = threading.Event()

    @task("hang", timeout=0.05, max_attempts=1)
    def hang(payload: Any) -> None:
        release.wait(30)

    def slots() -> dict[str, float | None]:
        found = scrape(bench)
        return {state: found.value("slots", queues="default", state=state) for state in ("free", "busy", "stuck")}

    async with start_worker(hang):
        await shown(bench, "slots", 8, queues="default", state="free")
        try:
            await bench.run("hang")

            await shown(bench, "stuck_threads", 1)
            assert slots() == {"free": 7, "busy": 0, "stuck": 1}
        finally:
            release.set()
        await shown(bench, "stuck_threads", 0)
        await shown(bench, "slots", 8, queues="default", state="free")
    assert scrape(bench).labels("slots", "state") == set()


async def test_a_consumer_that_would_not_hear_is_deaf(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        await shown(bench, "consumer_deaf", 0, queue="default")
        [consumer] = bench.broker._consumers
        consumer.is_well = False
        assert scrape(bench).value("consumer_deaf", queue="default") == 1


async def test_heartbeats_are_counted_by_how_they_went(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished, real = asyncio.Event(), leases.extend_leases

    @task("wait")
    async def wait(payload: Any) -> None:
        await finished.wait()

    async def refuse(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr("taskflow.worker.leases.extend_leases", real)
        raise StoreUnavailable

    async def both() -> bool:
        found = scrape(bench)
        return bool(
            found.value("heartbeats_total", outcome="failed") and found.value("heartbeats_total", outcome="done")
        )

    async with start_worker(wait):
        task_id = await bench.create("wait")
        await bench.reach(task_id, "PROCESSING")
        monkeypatch.setattr("taskflow.worker.leases.extend_leases", refuse)
        await eventually(both)
        finished.set()
        await bench.end(task_id)
