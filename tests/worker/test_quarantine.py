"""A message that ends each worker that takes it is dead-lettered after its limit; those beside it are not blamed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from taskflow.db import letters, tasks
from taskflow.infra.broker import Delivery, ForeignMessage, TaskMessage
from taskflow.worker.quarantine import DEADLY, REASON, Quarantine, open_quarantine
from tests.contracts.waiting import eventually
from tests.store.databases import writing
from tests.worker.bench import Bench, until
from tests.worker.conftest import StartWorker

NOBODY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(autouse=True)
def _quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.worker.executor.GIVE_BACK_TIME", 0.0)


class Deadly:
    """Whoever claims NOBODY gets no further: `begun` says so, and then its worker is ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = asyncio.Event()
        real = tasks.claim

        async def claim(engine: Any, ids: Any, **options: Any) -> Any:
            if NOBODY in ids:
                self.begun.set()
                await asyncio.Event().wait()
            return await real(engine, ids, **options)

        monkeypatch.setattr(tasks, "claim", claim)

    async def end_worker(self, start_worker: StartWorker) -> None:
        self.begun.clear()
        async with start_worker():
            await until(self.begun)


async def test_it_is_dead_lettered_once_it_has_ended_as_many_workers_as_it_may(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = Deadly(monkeypatch)
    await bench.deliver(NOBODY)
    for _ in range(DEADLY + 1):  # what comes for the first time is not counted
        await deadly.end_worker(start_worker)
    deadly.begun.clear()
    async with start_worker():
        await bench.dead_letter(lambda letter: letter.reason == REASON)
        await bench.until_idle()
    assert not deadly.begun.is_set()
    (letter,) = await letters.page(bench.resources.engine, before=None, limit=10)
    assert (letter.reason, letter.queue, letter.task_id) == (REASON, "default", None)


@asynccontextmanager
async def came_back(bench: Bench, *bodies: bytes) -> AsyncIterator[list[Delivery]]:
    for body in bodies:
        await bench.broker.publish([ForeignMessage(body, "default")])
    async with bench.broker.consume(["default"], prefetch=len(bodies)):
        pass
    async with bench.broker.consume(["default"], prefetch=len(bodies)) as consumer:
        yield [await anext(aiter(consumer)) for _ in bodies]


async def begin(quarantine: Quarantine, delivery: Delivery) -> None:
    async with quarantine.watched(delivery):
        return


async def test_those_that_came_back_for_the_first_time_are_begun_with_together(bench: Bench) -> None:
    """What a killed worker had in hand comes back all at once."""
    async with (
        came_back(bench, b"one", b"other") as (one, other),
        open_quarantine(bench.resources) as quarantine,
        quarantine.watched(one),
    ):
        await asyncio.wait_for(begin(quarantine, other), timeout=5)
    assert await begun(bench, b"one") == await begun(bench, b"other") == 0


async def test_those_that_may_have_ended_a_worker_are_begun_with_one_at_a_time(bench: Bench) -> None:
    """Else those beside a deadly one would be counted as often as that."""
    for body in (b"one", b"other"):
        assert await begun(bench, body) == 0
    async with came_back(bench, b"one", b"other") as (one, other), open_quarantine(bench.resources) as quarantine:
        async with quarantine.watched(one):
            second = asyncio.create_task(begin(quarantine, other))
            assert await asyncio.wait([second], timeout=0.3) == (set(), {second})
            assert await begun(bench, b"one") == 2
            assert await begun(bench, b"other") == 1
        await until(second)


async def begun(bench: Bench, body: bytes) -> int:
    """How often a worker has begun with it; this counts too."""
    return await letters.suspect(bench.resources.engine, sha256(body).hexdigest(), now=datetime.now(UTC))


async def test_messages_that_were_beside_it_run(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = Deadly(monkeypatch)
    await bench.deliver(NOBODY)
    others = [await bench.create("message", {"message": str(number)}) for number in range(5)]
    for _ in range(DEADLY + 1):
        await deadly.end_worker(start_worker)
    async with start_worker():
        assert {(await bench.end(one)).status for one in others} == {"DONE"}
        await bench.until_idle()
    assert [letter.reason for letter in bench.broker.dead_letters] == [REASON]


async def test_sent_again_it_ends_one_worker_and_not_as_many_again(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly, body = Deadly(monkeypatch), TaskMessage(NOBODY, "default", None, datetime.now(UTC)).encode()
    for _ in range(DEADLY):
        await letters.suspect(bench.resources.engine, sha256(body).hexdigest(), now=datetime.now(UTC))
    for count in (1, 2):
        await bench.broker.publish([ForeignMessage(body, "default")])
        await deadly.end_worker(start_worker)
        async with start_worker():
            await bench.until_idle()
        assert [letter.reason for letter in bench.broker.dead_letters] == [REASON] * count


async def test_a_message_that_comes_back_and_runs_is_forgotten(bench: Bench, start_worker: StartWorker) -> None:
    """However often: only those count with which a worker has begun, and which it did not end."""
    engine = bench.resources.engine
    for _ in range(DEADLY + 2):
        await bench.broker.publish([ForeignMessage(b"rubbish", "default")])
        async with bench.broker.consume(["default"], prefetch=1) as consumer:
            await anext(aiter(consumer))
        async with start_worker():
            await eventually(lambda: is_kept(bench))
            await bench.until_idle()
        (letter,) = await letters.page(engine, before=None, limit=10)
        assert letter.reason == "not a task message"
        async with writing(engine) as connection:
            await connection.exec_driver_sql("DELETE FROM taskflow_dead_letters")


async def is_kept(bench: Bench) -> bool:
    return await letters.count(bench.resources.engine) == 1
