"""A lease is lost to a dead worker only: never to a database that was away, or hung, for longer than one."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db.errors import StoreUnavailable
from taskflow.infra.broker import BrokerUnavailable, TaskMessage
from taskflow.infra.settings import Settings
from taskflow.worker.context import Context
from taskflow.worker.dispatcher import Dispatcher
from taskflow.worker.pauses import Pauses
from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker

LEASE = timedelta(seconds=1.5)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"worker_lease": LEASE})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.worker.leases.AGAIN", 0.1)
    monkeypatch.setattr("taskflow.worker.dispatcher.HUNG", timedelta(seconds=0.3))
    monkeypatch.setattr("taskflow.worker.dispatcher.LONGEST_SLEEP", 0.05)
    monkeypatch.setattr("taskflow.worker.dispatcher.LOOK_FOR_LOST", timedelta(seconds=0.05))


class Outage:
    """Of what a worker's heartbeats and dispatcher ask the database, in each of their threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, hangs: bool) -> None:
        self.is_away = False
        self.hangs = hangs
        for name in ("taskflow.worker.leases.extend_leases", "taskflow.worker.dispatcher.rescue_lost"):
            self._cut(monkeypatch, name)
        for name in ("take_due", "next_due", "make_due_again"):
            self._cut(monkeypatch, f"taskflow.db.dispatch.{name}")

    def _cut(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        module, _, function = name.rpartition(".")
        real = getattr(__import__(module, fromlist=[function]), function)

        async def cut(*arguments: Any, **options: Any) -> Any:
            while self.is_away:
                if not self.hangs:
                    raise StoreUnavailable
                await asyncio.sleep(0.01)
            return await real(*arguments, **options)

        monkeypatch.setattr(name, cut)

    async def last(self, seconds: float) -> None:
        self.is_away = True
        await asyncio.sleep(seconds)
        self.is_away = False


@pytest.fixture(params=[False, True], ids=["away", "hanging"])
def outage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Outage:
    return Outage(monkeypatch, hangs=request.param)


@pytest.fixture(params=["broker there", "broker away too"])
def broker(request: pytest.FixtureRequest, bench: Bench, outage: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away, it comes back with the database."""

    def cut(real: Any) -> Any:
        async def ask(*arguments: Any) -> Any:
            if outage.is_away:
                raise BrokerUnavailable
            return await real(*arguments)

        return ask

    if request.param == "broker away too":
        for name in ("ping", "depth"):
            monkeypatch.setattr(bench.broker, name, cut(getattr(bench.broker, name)))


@pytest.mark.usefixtures("broker")
async def test_all_that_ran_goes_on_after_an_outage_longer_than_a_lease(
    bench: Bench, start_worker: StartWorker, outage: Outage
) -> None:
    """Also where another worker's dispatcher is there before the first one's heartbeat."""
    release = asyncio.Event()

    @task("long", max_attempts=1)
    async def long(payload: Any) -> str:
        await release.wait()
        return "well"

    async with start_worker(long), start_worker(long):
        ids = [await bench.create("long") for _ in range(5)]
        for one in ids:
            await bench.reach(one, "PROCESSING")
        await outage.last(2 * LEASE.total_seconds())
        await asyncio.sleep(1.5 * LEASE.total_seconds())
        release.set()
        ended = [await bench.end(one) for one in ids]
    assert {(one.status, one.attempt, one.result) for one in ended} == {("DONE", 1, "well")}


@pytest.mark.usefixtures("broker")
async def test_a_worker_that_died_in_an_outage_is_found_within_a_lease_of_its_end(
    bench: Bench, start_worker: StartWorker, outage: Outage
) -> None:
    async with start_worker():
        await outage.last(1.0)
        task_id = await bench.create("message", {"message": "again"}, publish=False)
        await bench.set(task_id, status="PROCESSING", claim=1, attempt=1, max_attempts=3, dispatch_at=datetime.now(UTC))
        began = time.monotonic()
        assert (await bench.end(task_id)).attempt == 2
    assert time.monotonic() - began < LEASE.total_seconds() + 2.5  # and the backoff of a second attempt


async def test_a_task_that_comes_back_to_the_worker_that_lost_it_ends_the_old_attempt(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    started, ended = {1: asyncio.Event(), 2: asyncio.Event()}, []

    @task("twice", max_attempts=5)
    async def twice(payload: Any, ctx: Context) -> str:
        started[ctx.attempt].set()
        with suppress(asyncio.CancelledError):
            if ctx.attempt == 1:
                await asyncio.Event().wait()
        ended.append((ctx.attempt, ctx.cancelled))
        return f"by attempt {ctx.attempt}"

    async with start_worker(twice):
        task_id = await bench.create("twice")
        await until(started[1])
        await bench.set(task_id, status="PENDING", claim=None, run_at=None, dispatch_at=datetime.now(UTC))
        assert (await bench.end(task_id)).result == "by attempt 2"

        async def both_have_ended() -> bool:
            return sorted(ended) == [(1, True), (2, False)]

        await eventually(both_have_ended)


async def test_a_message_lost_from_a_queue_that_is_never_empty_is_published_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed over before a message that has come must have come too."""
    old = datetime.now(UTC) - timedelta(minutes=10)
    lost, behind = await bench.create(publish=False), await bench.create(publish=False)
    await bench.set(lost, dispatch_at=None, created_at=old, updated_at=old)
    await bench.set(
        behind, dispatch_at=None, created_at=old + timedelta(minutes=9), updated_at=old + timedelta(minutes=9)
    )
    await bench.broker.publish([TaskMessage("another", "default", None, old)])
    came_in_turn: dict[str, datetime] = {}
    dispatcher = Dispatcher(bench.resources, came_in_turn, Pauses(bench.resources.engine))
    monkeypatch.setattr(dispatcher, "_generation", bench.broker.generation)

    async def is_due(task_id: str) -> bool:
        return (await bench.get(task_id)).dispatch_at is not None

    await dispatcher.run_once()
    assert not await is_due(lost)  # nothing says yet that it should have come
    came_in_turn["default"] = old + timedelta(minutes=5)
    monkeypatch.setattr(dispatcher, "_look_at", datetime.now(UTC))
    await dispatcher.run_once()  # it is due again
    await dispatcher.run_once()  # and is published
    assert not await is_due(behind)
    assert await bench.broker.depth("default") == 2
