"""What falls due is handed over, what the broker lost is found; no trouble of database or broker ends the loop."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db import dispatch
from taskflow.db.counting import count
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import tasks as tasks_table
from taskflow.db.queries import Filter
from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.settings import Settings
from tests.contracts.waiting import logged
from tests.store.databases import writing
from tests.worker.bench import Bench
from tests.worker.conftest import StartWorker


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"worker_republish_after": timedelta(seconds=0.2)})


async def test_a_task_that_its_creator_never_published_is_published(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        task_id = await bench.create("message", {"message": "the API died"}, publish=False)
        await bench.set(task_id, dispatch_at=datetime.now(UTC))
        assert (await bench.end(task_id)).status == "DONE"


async def test_a_restart_finds_what_a_broker_that_forgot_everything_had(
    bench: Bench, start_worker: StartWorker
) -> None:
    """However soon it is: the rows may have been published in the very moment before."""
    ids = [await bench.create("message", {"message": "found"}) for _ in range(20)]
    bench.broker._ready.clear()
    async with start_worker():
        assert {(await bench.end(one)).status for one in ids} == {"DONE"}
        for one in ids:
            assert await bench.statuses(one) == ["PENDING", "PROCESSING", "DONE"]


async def test_a_queue_that_was_purged_is_filled_again(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker gives no sign of that: an empty queue and rows that wait for long are the only one."""
    monkeypatch.setattr("taskflow.worker.dispatcher.UNTOUCHED_FOR", timedelta())
    async with start_worker():
        await bench.run("message", {"message": "the look at the start is over"})
        task_id = await bench.create("message", {"message": "found"}, publish=False)
        await bench.set(task_id, dispatch_at=None)
        assert (await bench.end(task_id)).status == "DONE"


async def test_a_row_that_was_inserted_and_never_published_is_found(bench: Bench, start_worker: StartWorker) -> None:
    task_id = str(uuid.uuid4())
    async with start_worker():
        await insert(bench, id=task_id, title="An outsider's", payload={"message": "hello"}, status="PENDING")
        ended = await bench.end(task_id)
    assert (ended.status, ended.message) == ("DONE", "hello")
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "DONE"]


async def test_a_row_that_was_inserted_is_told_of_from_the_state_it_was_found_in(
    bench: Bench, start_worker: StartWorker
) -> None:
    task_id = str(uuid.uuid4())
    await insert(bench, id=task_id, title="An outsider's", payload={"message": "hello"}, status="PENDING")
    async with start_worker():
        await bench.end(task_id)
    told = [(event.version, event.status) for event in bench.events if event.task_id == task_id]
    assert told == [(1, "PENDING"), (2, "PROCESSING"), (3, "DONE")]


async def insert(bench: Bench, **values: Any) -> None:
    """As another program does, which knows of the documented columns alone."""
    async with writing(bench.resources.engine) as connection:
        await connection.execute(tasks_table.insert().values(values))


async def test_a_row_that_was_inserted_is_found_by_its_title(bench: Bench, start_worker: StartWorker) -> None:
    await insert(bench, id=str(uuid.uuid4()), title="An outsider's", status="DONE")
    async with start_worker():
        async with asyncio.timeout(10):
            while not (await count(bench.resources.engine, Filter(search="outsider"))).number:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_what_was_lost_is_found_although_new_messages_hide_it_at_first(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that comes back empty is filled again at once by those who publish, before anybody can look."""
    depths = iter([3, 2, 1])
    real = bench.broker.depth

    async def depth(queue: str) -> int:
        return next(depths, None) or await real(queue)

    monkeypatch.setattr(bench.broker, "depth", depth)
    monkeypatch.setattr("taskflow.worker.dispatcher.LOOK_FOR_LOST", timedelta(hours=1))
    task_id = await bench.create("message", {"message": "found"})
    bench.broker._ready.clear()
    async with start_worker():
        assert (await bench.end(task_id)).status == "DONE"


async def test_the_loop_outlives_database_broker_and_defects(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, errors = dispatch.take_due, iter([StoreUnavailable(), BrokerUnavailable(), ZeroDivisionError("a defect")])

    async def fail_at_first(*arguments: Any, **options: Any) -> Any:
        if error := next(errors, None):
            raise error
        return await real(*arguments, **options)

    monkeypatch.setattr("taskflow.worker.dispatcher.LONGEST_SLEEP", 0.02)
    monkeypatch.setattr(dispatch, "take_due", fail_at_first)
    async with start_worker():
        task_id = await bench.create("message", {"message": "on time"}, publish=False)
        await bench.set(task_id, dispatch_at=datetime.now(UTC))
        assert (await bench.end(task_id)).status == "DONE"
    assert await logged(caplog, "dispatcher failed")


async def test_nothing_is_taken_off_the_list_while_the_broker_takes_nothing(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    real = bench.broker.publish

    async def refuse(messages: Any) -> list[bool]:
        asked.set()
        return [False] * len(messages)

    monkeypatch.setattr(bench.broker, "publish", refuse)
    async with start_worker():
        task_id = await bench.create("message", {"message": "later"}, publish=False)
        await bench.set(task_id, dispatch_at=datetime.now(UTC))
        async with asyncio.timeout(5):
            await asked.wait()
        assert (await bench.get(task_id)).dispatch_at is not None
        monkeypatch.setattr(bench.broker, "publish", real)
        await bench.set(task_id, dispatch_at=datetime.now(UTC))
        assert (await bench.end(task_id)).status == "DONE"
