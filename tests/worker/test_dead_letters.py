"""What a worker dead-letters without a task is in the table before its message is acknowledged."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.db import letters
from taskflow.db.errors import StoreUnavailable
from taskflow.db.letters import Letter
from taskflow.infra.broker import ForeignMessage
from taskflow.infra.settings import Settings
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker

NOBODY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"worker_queues": {"default": None, "mail": None}})


async def kept(bench: Bench) -> Sequence[Letter]:
    return await letters.page(bench.resources.engine, before=None, limit=100)


async def send(bench: Bench, body: bytes, queue: str = "default") -> None:
    assert await bench.broker.publish([ForeignMessage(body, queue)]) == [True]


async def test_a_dead_letter_is_kept_with_its_reason_queue_and_task(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        await send(bench, b"\xff not json", "mail")
        await bench.dead_letter(lambda letter: letter.body == b"\xff not json")
        await bench.deliver(NOBODY)
        await bench.dead_letter(lambda letter: letter.task_id == NOBODY)
        await bench.until_idle()
    newest, oldest = await kept(bench)
    assert (oldest.reason, oldest.body, oldest.queue, oldest.task_id) == (
        "not a task message",
        b"\xff not json",
        "mail",
        None,
    )
    assert (newest.reason, newest.queue, newest.task_id) == ("there is no such task", "default", NOBODY)
    assert not newest.is_cut


async def test_a_failed_task_is_no_dead_letter_of_the_table(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        failed = await bench.run("message", {})
        await bench.dead_letter(lambda letter: letter.task_id == failed.id)
    assert await kept(bench) == []


async def test_a_message_is_not_acknowledged_before_the_table_has_it(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried, is_back = letters.keep, asyncio.Event(), asyncio.Event()

    async def away(*arguments: Any, **options: Any) -> None:
        tried.set()
        if not is_back.is_set():
            raise StoreUnavailable
        await real(*arguments, **options)

    monkeypatch.setattr(letters, "keep", away)
    async with start_worker():
        await send(bench, b"rubbish")
        await until(tried)
        held = [consumer for consumer in bench.broker._consumers if consumer._unacknowledged]
        assert len(held) == 1
        assert not bench.broker.dead_letters
        is_back.set()
        await bench.until_idle()
    assert [letter.body for letter in await kept(bench)] == [b"rubbish"]
    assert [letter.body for letter in bench.broker.dead_letters] == [b"rubbish"]


async def test_a_body_that_is_too_large_is_kept_in_part_and_dead_lettered_whole(
    bench: Bench, start_worker: StartWorker
) -> None:
    body = b"x" * 20_000
    async with start_worker():
        await send(bench, body)
        await bench.dead_letter(lambda letter: letter.body == body)
        await bench.until_idle()
    (letter,) = await kept(bench)
    assert (letter.size, letter.is_cut) == (20_000, True)
    assert letter.body == body[:14_096]


async def test_what_the_database_refuses_is_in_task_dead_all_the_same(
    bench: Bench, start_worker: StartWorker, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*arguments: Any, **options: Any) -> None:
        raise sa.exc.DataError("INSERT", {}, Exception("no"))

    monkeypatch.setattr(letters, "keep", refuse)
    async with start_worker():
        await send(bench, b"rubbish")
        await bench.dead_letter(lambda letter: letter.body == b"rubbish")

        async def is_logged() -> bool:
            return any(entry["event"].startswith("a dead letter is not in the table") for entry in logs)

        await eventually(is_logged)
        await bench.until_idle()
