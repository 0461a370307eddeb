"""A worker is on the list of workers while it lives, says so when it stops, and never fails for it."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pydantic
import pytest
import sqlalchemy as sa

from taskflow.db import operating, workers
from taskflow.db.errors import StoreUnavailable
from taskflow.db.transaction import WRITE_LOCK
from taskflow.db.workers import Worker
from taskflow.infra.settings import Settings
from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("taskflow.worker.presence.SAID_EVERY", timedelta(seconds=0.05))
    queues = {"default": None, "mail": 2}
    return settings.model_copy(update={"worker_queues": queues, "worker_shutdown_timeout": timedelta(seconds=10)})


async def listed(bench: Bench) -> list[Worker]:
    return await workers.heard_since(bench.resources.engine, LONG_AGO)


async def the_only_one(bench: Bench, **values: Any) -> Worker:
    """The one worker on the list, once its row says so."""

    async def says_so() -> bool:
        found = await listed(bench)
        return len(found) == 1 and all(getattr(found[0], name) == value for name, value in values.items())

    await eventually(says_so)
    return (await listed(bench))[0]


async def test_a_worker_is_listed_without_a_task_and_gone_once_it_has_stopped(
    bench: Bench, start_worker: StartWorker
) -> None:
    async with start_worker() as worker:
        found = await the_only_one(bench, running=0, is_stopping=False)
        assert (found.kinds, found.queues, found.slots) == (["message"], ["default", "mail"], 10)
        assert found.id.startswith(found.host[:60])
        assert datetime.now(UTC) - found.started_at < timedelta(minutes=1)
        await worker.stop()
        assert await listed(bench) == []


async def test_that_it_stops_and_what_still_runs_is_said_at_once(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @task("long")
    async def long(payload: Any) -> None:
        started.set()
        await go_on.wait()

    monkeypatch.setattr("taskflow.worker.presence.SAID_EVERY", timedelta(hours=1))
    async with start_worker(long) as worker:
        await bench.create("long")
        await until(started)
        worker.stopping.set()
        await the_only_one(bench, is_stopping=True, running=1)
        go_on.set()


async def test_a_blocked_event_loop_does_not_stop_it(bench: Bench, start_worker: StartWorker) -> None:
    engine = sa.create_engine(bench.resources.settings.db_url.replace("+aiosqlite", ""))
    loop = asyncio.get_running_loop()

    def seen_at() -> datetime:
        with engine.connect() as connection:
            found: datetime = connection.execute(sa.select(operating.workers.c.seen_at)).scalar_one()
            return found

    async with start_worker():
        await the_only_one(bench)
        async with bench.resources.engine.get_execution_options()[WRITE_LOCK]:  # or it would be blocked with the file's
            before, began = seen_at(), loop.time()
            while seen_at() == before and loop.time() - began < 5:
                time.sleep(0.01)  # noqa: ASYNC251 - this is what blocks it
            after = seen_at()
    engine.dispose()
    assert after > before


async def test_rows_of_workers_that_are_gone_for_a_day_are_deleted_by_any(
    bench: Bench, start_worker: StartWorker
) -> None:
    now = bench.resources.clock.now()
    row = Worker("gone", "host", 1, "1", [], [], 1, 0, now, now - timedelta(days=1, minutes=1), False)
    for one in (row, replace(row, id="silent", seen_at=now - timedelta(hours=23))):
        await workers.register(bench.resources.engine, one)
    async with start_worker():

        async def is_deleted() -> bool:
            return "gone" not in {one.id for one in await listed(bench)}

        await eventually(is_deleted)
        assert {one.id for one in await listed(bench)} > {"silent"}


@pytest.mark.parametrize("failure", [StoreUnavailable(), sa.exc.ProgrammingError("", {}, Exception("no such table"))])
async def test_a_list_that_can_not_be_written_costs_no_task(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch, logs: Logs, failure: Exception
) -> None:
    tries, real = 0, workers.register

    async def fail(*arguments: Any) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise failure
        await real(*arguments)

    monkeypatch.setattr(workers, "register", fail)
    async with start_worker():
        assert (await bench.run("message", {"message": "done"})).status == "DONE"
        await the_only_one(bench)
    assert len([entry for entry in logs if "list of workers" in entry["event"]]) == 1


async def test_what_the_api_has_to_know_of_kinds_is_noted(bench: Bench, start_worker: StartWorker) -> None:
    class Login(pydantic.BaseModel):
        user: str
        password: pydantic.SecretStr

    @task("login", max_attempts=7)
    async def login(payload: Login) -> None: ...

    async with start_worker(login):
        await the_only_one(bench)
    found = {one.name: one for one in await workers.known_kinds(bench.resources.engine)}
    assert (found["login"].max_attempts, [*found["login"].secrets]) == (7, [("password",)])
    assert (found["message"].max_attempts, [*found["message"].secrets]) == (3, [])
