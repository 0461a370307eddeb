"""Every worker deletes what TASK_RETENTION says, beside its work; without it nothing is ever deleted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import letters, retention
from taskflow.db.errors import StoreUnavailable
from taskflow.db.lifecycle import TaskStatus
from taskflow.infra.settings import Settings
from taskflow.worker.retention import LEAST, MOST, Retention
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker

AGES = {TaskStatus.DONE: timedelta(days=7), TaskStatus.FAILED: timedelta(days=90)}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update={"task_retention": getattr(request, "param", AGES)})


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.worker.retention.LOOK_EVERY", 0.01)


async def ended(bench: Bench, status: str, *, days: int) -> str:
    task_id = await bench.create(publish=False)
    at = datetime.now(UTC) - timedelta(days=days)
    await bench.set(task_id, status=status, finished_at=at, dispatch_at=None)
    return task_id


async def is_there(bench: Bench, task_id: str) -> bool:
    return bool(await bench.history(task_id))


async def test_tasks_are_deleted_at_the_age_of_their_status(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    old = [await ended(bench, "DONE", days=8), await ended(bench, "FAILED", days=91)]
    kept = [await ended(bench, "DONE", days=6), await ended(bench, "FAILED", days=89)]
    kept.append(await ended(bench, "CANCELLED", days=900))

    async def old_are_gone() -> bool:
        return not any([await is_there(bench, one) for one in old])

    async def both_are_logged() -> bool:
        said = {entry["status"]: entry["count"] for entry in logs if entry["event"] == "ended tasks deleted"}
        return said == {"DONE": 1, "FAILED": 1}

    async with start_worker():
        await eventually(old_are_gone)
        await eventually(both_are_logged)
        registry = bench.resources.metrics.registry
        for status in ("DONE", "FAILED"):
            assert registry.get_sample_value("taskflow_retention_deleted_total", {"what": status}) == 1
        assert (await bench.run("message", {"message": "still at work"})).status == "DONE"
    assert all([await is_there(bench, one) for one in kept])


async def test_dead_letters_are_deleted_at_the_longest_age(bench: Bench, start_worker: StartWorker) -> None:
    engine, now = bench.resources.engine, datetime.now(UTC)
    for days in (89, 91):
        at = now - timedelta(days=days)
        await letters.keep(engine, b"x", most=9, reason=str(days), queue="default", task_id=None, now=at)

    async def one_is_left() -> bool:
        return [one.reason for one in await letters.page(engine, before=None, limit=9)] == ["89"]

    async with start_worker():
        await eventually(one_is_left)


@pytest.mark.parametrize("settings", [{}], indirect=True)
async def test_without_ages_nothing_is_deleted(bench: Bench) -> None:
    old = await ended(bench, "DONE", days=9_000)
    await Retention(bench.resources).run()
    assert await is_there(bench, old)


async def test_one_look_deletes_all_that_is_due_however_many_sets_that_are(bench: Bench) -> None:
    loop, now = Retention(bench.resources), datetime.now(UTC)
    old = [await ended(bench, "DONE", days=8 + number) for number in range(7)]
    for _ in old:
        await letters.keep(bench.resources.engine, b"x", most=9, reason="", queue="default", task_id=None, now=now)
    loop._size = 2
    await loop._prune(TaskStatus.DONE, now)
    loop._size = 2
    await loop._prune_letters(now + timedelta(seconds=1))
    assert not any([await is_there(bench, one) for one in old])
    assert await letters.count(bench.resources.engine) == 0


@pytest.mark.parametrize(("held", "taken"), [(5.0, 1), (0.0, 5)])
async def test_several_sets_share_the_lock_until_another_process_may_take_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, held: float, taken: int
) -> None:
    old, real, count = [await ended(bench, "DONE", days=8) for _ in range(4)], retention.alone, 0

    def alone(engine: AsyncEngine) -> AbstractAsyncContextManager[bool]:
        nonlocal count
        count += 1
        return real(engine)

    monkeypatch.setattr(retention, "alone", alone)
    monkeypatch.setattr("taskflow.worker.retention.HELD", held)
    monkeypatch.setattr("taskflow.worker.retention.MOST", 1)
    loop = Retention(bench.resources)
    loop._size = 1
    await loop._prune(TaskStatus.DONE, datetime.now(UTC))
    assert not any([await is_there(bench, one) for one in old])
    assert count == taken  # the fifth finds that nothing is left


async def test_while_another_process_deletes_this_one_does_not(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def taken(engine: Any) -> AsyncIterator[bool]:
        yield False

    old = await ended(bench, "DONE", days=8)
    monkeypatch.setattr(retention, "alone", taken)
    await Retention(bench.resources)._prune(TaskStatus.DONE, datetime.now(UTC))
    assert await is_there(bench, old)


async def test_it_goes_on_once_the_database_is_back(
    bench: Bench, start_worker: StartWorker, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = retention.prune, asyncio.Event()

    async def away(*arguments: Any, **options: Any) -> Any:
        tried.set()
        raise StoreUnavailable

    old = await ended(bench, "DONE", days=8)
    monkeypatch.setattr(retention, "prune", away)

    async def is_gone() -> bool:
        return not await is_there(bench, old)

    async def is_told() -> bool:
        return any(entry["event"] == "nothing is deleted: the database is away" for entry in logs)

    async with start_worker():
        await until(tried)
        await eventually(is_told)
        assert await is_there(bench, old)
        monkeypatch.setattr(retention, "prune", real)
        await eventually(is_gone)


async def test_it_rests_nine_times_as_long_as_it_worked_and_takes_smaller_sets(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    loop = Retention(bench.resources)
    sizes = []
    monkeypatch.setattr("taskflow.worker.retention.asyncio", SimpleNamespace(sleep=sleep))
    for took in (0.01, 0.01, 9.0, 0.1, 0.5, 0.5):
        await loop._rest("DONE", 1, took)
        sizes.append(loop._size)
    assert rests == pytest.approx([0.09, 0.09, 5.0, 0.9, 4.5, 4.5])
    assert sizes == [LEAST * factor for factor in (2, 4, 2, 2, 1, 1)]
    for _ in range(20):
        await loop._rest("DONE", 1, 0)
    assert loop._size == MOST
