"""Nothing of a paused queue is begun, what runs goes on, and nothing that waits is taken for lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.db import dispatch, pauses
from taskflow.db.errors import StoreUnavailable
from taskflow.infra.settings import Settings
from taskflow.worker.builtin import message
from taskflow.worker.registry import Handler, Registry
from taskflow.worker.runtime import run_worker
from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, until, without_api
from tests.worker.conftest import Logs, StartWorker

AT_ONCE = timedelta(seconds=0.02)


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("taskflow.worker.pauses.LOOK_EVERY", AT_ONCE)
    queues = {"default": None, "mail": None}
    return settings.model_copy(update={"worker_queues": queues, "worker_republish_after": timedelta(seconds=0.2)})


async def pause(bench: Bench, queue: str) -> None:
    await pauses.pause(bench.resources.engine, queue, now=datetime.now(UTC), by=None, reason="")


def is_told(logs: Logs, event: str) -> Any:
    async def told() -> bool:
        return any(entry["event"] == event for entry in logs)

    return told


async def test_a_paused_queue_waits_while_the_other_goes_on_and_then_goes_on_too(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    async with start_worker():
        await bench.run("message", {"message": "not paused"}, queue="mail")
        await pause(bench, "mail")
        await eventually(is_told(logs, "queue paused"))
        waiting = await bench.create("message", {"message": "resumed"}, queue="mail")
        for _ in range(20):
            await bench.run("message", {"message": "not paused"})
        assert (await bench.get(waiting)).status == "PENDING"
        await pauses.resume(bench.resources.engine, "mail", now=datetime.now(UTC), by=None)
        assert (await bench.end(waiting)).status == "DONE"


async def test_a_worker_that_starts_takes_nothing_of_a_paused_queue(bench: Bench, start_worker: StartWorker) -> None:
    await pause(bench, "mail")
    waiting = [await bench.create("message", {"message": "x"}, queue="mail") for _ in range(20)]
    async with start_worker():
        for _ in range(5):
            await bench.run("message", {"message": "not paused"})
        assert {(await bench.get(one)).version for one in waiting} == {1}
        assert await bench.broker.depth("mail") == 20


async def test_what_runs_when_its_queue_is_paused_runs_on(bench: Bench, start_worker: StartWorker, logs: Logs) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @task("long")
    async def long(payload: Any) -> str:
        started.set()
        await go_on.wait()
        return "to its end"

    async with start_worker(long):
        task_id = await bench.create("long", queue="mail")
        await until(started)
        await pause(bench, "mail")
        await eventually(is_told(logs, "queue paused"))
        go_on.set()
        ended = await bench.end(task_id)
    assert (ended.status, ended.result, ended.attempt) == ("DONE", "to its end", 1)


def looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Waits until a dispatcher has looked twice at what waits in `mail`."""
    seen, real = [0], bench.broker.depth

    async def depth(queue: str) -> int:
        seen[0] += queue == "mail"
        return await real(queue)

    async def looked() -> None:
        before = seen[0]

        async def twice() -> bool:
            return seen[0] > before + 1

        await eventually(twice)

    monkeypatch.setattr(bench.broker, "depth", depth)
    return looked


async def test_what_waits_in_a_paused_queue_is_not_published_again(
    bench: Bench, start_worker: StartWorker, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although others came out of it that were created later."""
    monkeypatch.setattr("taskflow.worker.dispatcher.OVERTAKEN", timedelta())
    looked = looks(bench, monkeypatch)
    async with start_worker():
        await bench.run("message", {"message": "came out"}, queue="mail")
        await pause(bench, "mail")
        await eventually(is_told(logs, "queue paused"))
        ids = [await bench.create("message", {"message": "x"}, queue="mail") for _ in range(3)]
        for one in ids:
            await bench.set(
                one, created_at=datetime(2020, 1, 1, tzinfo=UTC), updated_at=datetime(2020, 1, 1, tzinfo=UTC)
            )
        await looked()
        assert await bench.broker.depth("mail") == 3
        assert not [entry for entry in logs if "lost messages" in entry["event"]]
        bench.broker._ready["mail"].clear()  # that is a loss

        async def is_published_again() -> bool:
            return await bench.broker.depth("mail") == 3

        await eventually(is_published_again)
        await looked()
        assert await bench.broker.depth("mail") == 3


async def test_what_falls_due_in_a_paused_queue_is_published_and_waits(bench: Bench, start_worker: StartWorker) -> None:
    await pause(bench, "mail")
    async with start_worker():
        task_id = await bench.create("message", {"message": "x"}, queue="mail", publish=False)
        await bench.set(task_id, dispatch_at=datetime.now(UTC))

        async def waits_at_the_broker() -> bool:
            return await bench.broker.depth("mail") == 1 and (await bench.get(task_id)).dispatch_at is None

        await eventually(waits_at_the_broker)
        assert (await bench.get(task_id)).status == "PENDING"


async def test_a_worker_that_drains_leaves_a_paused_queue_alone(bench: Bench) -> None:
    await pause(bench, "mail")
    left = await bench.create("message", {"message": "x"}, queue="mail")
    done = await bench.create("message", {"message": "x"})
    registry = Registry([Handler.of(message)])
    await until(run_worker(bench.resources, registry, asyncio.Event(), handle=without_api, drain=True))
    assert (await bench.get(done)).status == "DONE"
    assert (await bench.get(left)).status == "PENDING"
    assert not await dispatch.is_idle(bench.resources.engine, queues=["mail"], until=datetime.now(UTC))


async def test_what_was_known_holds_while_the_database_is_away(
    bench: Bench, start_worker: StartWorker, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def away(engine: Any) -> Any:
        nonlocal tries
        tries += 1
        raise StoreUnavailable

    await pause(bench, "mail")
    async with start_worker():
        await eventually(is_told(logs, "queue paused"))
        monkeypatch.setattr("taskflow.worker.pauses.paused", away)
        waiting = await bench.create("message", {"message": "x"}, queue="mail")

        async def was_tried() -> bool:
            return tries > 3

        await eventually(was_tried)
        await bench.run("message", {"message": "not paused"})
        assert (await bench.get(waiting)).status == "PENDING"


@pytest.mark.parametrize(
    "error", [StoreUnavailable(), sa.exc.ProgrammingError("SELECT 1", {}, Exception("no such table"))]
)
async def test_a_worker_starts_and_works_where_it_can_not_be_read_what_is_paused(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def away(engine: Any) -> Any:
        raise error

    monkeypatch.setattr("taskflow.worker.pauses.paused", away)
    async with start_worker():
        await bench.run("message", {"message": "not paused"})
