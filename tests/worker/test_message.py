"""What comes out of the queue may be anything, any number of times: it is run once, dead-lettered, or left alone."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from taskflow.db import finishing
from taskflow.db.models import tasks as tasks_table
from taskflow.infra.broker import DeadLetter
from taskflow.worker.task import task
from tests.store.databases import writing
from tests.worker.bench import Bench, until
from tests.worker.conftest import Logs, StartWorker


async def send(bench: Bench, *bodies: bytes) -> None:
    """As any program may, past our own encoding."""
    bench.broker._ready["default"].extend(bodies)
    bench.broker.feed(["default"])


MALFORMED: list[bytes] = [
    b"",
    b"not json",
    b"\xff\xfe\x00",
    b"[]",
    b"3",
    b"null",
    b'"01234567-89ab-cdef-0123-456789abcdef"',
    b"{}",
    b'{"task_id": null}',
    b'{"task_id": 42}',
    b'{"task_id": ""}',
    b'{"task_id": ["a"]}',
    b'{"task_id": "' + b"a" * 37 + b'"}',
    b'{"task_id": "a\\u0000b"}',
    b'{"task_id": "\\ud800"}',
    b"[" * 100_000,
    b'{"task_id": ' + b'{"a":' * 50_000,
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:30]))
async def test_a_message_that_is_none_of_ours_is_dead_lettered_as_it_came(
    bench: Bench, start_worker: StartWorker, logs: Logs, body: bytes
) -> None:
    async with start_worker():
        await send(bench, body)
        letter = await bench.dead_letter(lambda _: True)
        await bench.until_idle()
        assert (await bench.run("message", {"message": "the next one"})).status == "DONE"
    assert letter == DeadLetter(body, "not a task message", None)
    assert [entry["reason"] for entry in logs if entry["event"] == "message dead-lettered"] == ["not a task message"]


@pytest.mark.parametrize("task_id", ["01234567-89ab-cdef-0123-456789abcdef", "x", "'; DROP TABLE tasks; --", "a" * 36])
async def test_a_message_for_a_task_that_is_not_there_is_dead_lettered(
    bench: Bench, start_worker: StartWorker, task_id: str
) -> None:
    async with start_worker():
        await bench.deliver(task_id)
        letter = await bench.dead_letter(lambda letter: letter.task_id == task_id)
        await bench.until_idle()
    assert letter.reason == "there is no such task"
    assert json.loads(letter.body)["task_id"] == task_id


async def test_a_message_that_comes_before_its_row_is_waited_for(bench: Bench, start_worker: StartWorker) -> None:
    """An outsider may publish just before its commit."""
    task_id = "01234567-89ab-cdef-0123-456789abcdef"
    async with start_worker():
        await bench.deliver(task_id)
        async with writing(bench.resources.engine) as connection:
            values = {"id": task_id, "title": "An outsider's", "payload": {"message": "hello"}, "status": "PENDING"}
            await connection.execute(tasks_table.insert().values(values))
        ended = await bench.end(task_id)
    assert (ended.status, ended.message, ended.version) == ("DONE", "hello", 3)
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "DONE"]


async def test_a_message_of_the_documented_body_with_more_in_it_is_run(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        task_id = await bench.create("message", {"message": "hello"}, publish=False)
        await send(bench, json.dumps({"task_id": task_id, "payload": {"message": "ignored"}, "more": 1}).encode())
        assert (await bench.end(task_id)).message == "hello"


async def test_of_many_messages_for_a_task_one_starts_it(bench: Bench, start_worker: StartWorker) -> None:
    started: list[int] = []
    go_on, first = asyncio.Event(), asyncio.Event()

    @task("once")
    async def once(payload: Any) -> None:
        started.append(1)
        first.set()
        await go_on.wait()

    async with start_worker(once):
        task_id = await bench.create("once")
        for _ in range(5):
            await bench.deliver(task_id)
        await until(first)
        for _ in range(5):
            await bench.deliver(task_id)
        go_on.set()
        await bench.end(task_id)
        await bench.deliver(task_id)
        await bench.until_idle()
    assert started == [1]
    assert await bench.statuses(task_id) == ["PENDING", "PROCESSING", "DONE"]


@pytest.mark.parametrize("status", ["DONE", "FAILED", "CANCELLED"])
async def test_a_late_message_never_starts_a_task_that_has_ended(
    bench: Bench, start_worker: StartWorker, status: str
) -> None:
    started = asyncio.Event()

    @task("never")
    async def never(payload: Any) -> None:
        started.set()

    async with start_worker(never):
        task_id = await bench.create("never", publish=False)
        await bench.set(task_id, status=status, dispatch_at=None)
        await bench.deliver(task_id)
        await bench.until_idle()
    assert not started.is_set()
    assert len(await bench.history(task_id)) == 1
    assert not bench.broker.dead_letters


async def test_a_dead_letter_the_broker_does_not_take_is_offered_again_and_logged_once(
    bench: Bench, start_worker: StartWorker, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = bench.broker.dead_letter, iter([False, False])

    async def refuse_at_first(letters: Any) -> list[bool]:
        return [False] if next(refusals, None) is False else await real(letters)

    monkeypatch.setattr("taskflow.worker.dead_letters.DEAD_LETTER_AGAIN", 0.01)
    monkeypatch.setattr(bench.broker, "dead_letter", refuse_at_first)
    async with start_worker():
        await send(bench, b"rubbish")
        await bench.dead_letter(lambda letter: letter.body == b"rubbish")
        await bench.until_idle()
    assert len([entry for entry in logs if entry["event"] == "message dead-lettered"]) == 1


async def test_a_defect_of_ours_costs_one_message_and_not_the_worker(
    bench: Bench, start_worker: StartWorker, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = finishing.finish

    async def break_on_one(engine: Any, finishes: Any, **options: Any) -> Any:
        if any(one.task.id == unlucky for one in finishes):
            raise ZeroDivisionError("a defect")
        return await real(engine, finishes, **options)

    unlucky = await bench.create("message", {"message": "unlucky"}, publish=False)
    monkeypatch.setattr(finishing, "finish", break_on_one)
    async with start_worker():
        others = [await bench.create("message", {"message": "lucky"}) for _ in range(3)]
        await bench.deliver(unlucky)
        assert [(await bench.end(one)).status for one in others] == ["DONE"] * 3
        await bench.until_idle()
        assert (await bench.get(unlucky)).status == "PROCESSING"
        assert any(entry["event"] == "delivery failed" and entry["log_level"] == "error" for entry in logs)
        monkeypatch.setattr(finishing, "finish", real)
        await bench.set(unlucky, dispatch_at=datetime.now(UTC))
        assert (await bench.end(unlucky)).attempt == 2


async def test_the_log_tells_a_tasks_whole_story(bench: Bench, start_worker: StartWorker, logs: Logs) -> None:
    async with start_worker():
        done = await bench.run("message", {"message": "a secret"})
        failed = await bench.run("message", {})
    lines = [entry for entry in logs if entry.get("task_id") == done.id and entry["log_level"] == "info"]
    assert [entry["event"] for entry in lines] == ["attempt started", "attempt ended"]
    assert all((entry["kind"], entry["attempt"]) == ("message", 1) for entry in lines)
    assert [entry["status"] for entry in lines] == ["PROCESSING", "DONE"]
    assert lines[1]["duration_ms"] == done.duration_ms
    end = next(entry for entry in logs if entry.get("task_id") == failed.id and entry["event"] == "attempt ended")
    assert (end["status"], end["error"]) == ("FAILED", "Permanent")
    assert "a secret" not in str(logs)
