"""The log of a worker: one line a transition, each with the task and its trace; never what was sent or what came."""

import logging
from typing import Any

import pytest
import structlog

from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, task
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import Logs, StartWorker
from tests.worker.test_lost_worker import claim

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRET = "s3cr3t-w0rd"


async def traced(bench: Bench, kind: str, **options: Any) -> str:
    task_id = await bench.create(kind, {"secret": SECRET}, publish=False, title=SECRET, **options)
    await bench.set(task_id, traceparent=PARENT)
    return task_id


async def test_each_transition_is_a_line_with_the_task_and_its_trace(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    @task("stumble", backoff=SOON)
    async def stumble(payload: Any, ctx: Context) -> None:
        if ctx.attempt == 1:
            raise ConnectionError(SECRET)

    async with start_worker(stumble):
        task_id = await traced(bench, "stumble")
        await bench.end(task_id)
    lines = [line for line in logs if line.get("task_id") == task_id]
    assert [(line["event"], line["status"], line["attempt"]) for line in lines] == [
        ("attempt started", "PROCESSING", 1),
        ("attempt ended", "PENDING", 1),
        ("attempt started", "PROCESSING", 2),
        ("attempt ended", "DONE", 2),
    ]
    assert {line["trace_id"] for line in lines} == {TRACE}


async def test_a_task_without_a_trace_has_none_in_its_lines(
    bench: Bench, start_worker: StartWorker, logs: Logs
) -> None:
    async with start_worker():
        ended = await bench.run("message", {"message": "hello"})
    lines = [line for line in logs if line.get("task_id") == ended.id]
    assert len(lines) == 2
    assert not any("trace_id" in line for line in lines)


async def test_a_rescue_names_the_trace_too(bench: Bench, start_worker: StartWorker, logs: Logs) -> None:
    task_id = await traced(bench, "message", max_attempts=1)
    await claim(bench, task_id)
    async with start_worker():
        await bench.end(task_id)
    [line] = [line for line in logs if line.get("task_id") == task_id]
    assert (line["event"], line["trace_id"]) == ("Worker dead was lost during attempt 1", TRACE)


async def test_what_a_handler_logs_is_in_the_tasks_trace(bench: Bench, start_worker: StartWorker, logs: Logs) -> None:
    @task("talk")
    def talk(payload: Any) -> None:
        structlog.get_logger("team").info("the team's own line")

    async with start_worker(talk):
        task_id = await traced(bench, "talk")
        await bench.end(task_id)
    [line] = [line for line in logs if line["event"] == "the team's own line"]
    assert (line["task_id"], line["trace_id"], line["attempt"]) == (task_id, TRACE, 1)


@pytest.mark.parametrize("how", ["result", "error", "permanent", "bad payload", "unknown", "too large", "exit"])
async def test_no_line_has_what_was_sent_or_what_came_of_it(
    bench: Bench, start_worker: StartWorker, logs: Logs, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    caplog.set_level(logging.DEBUG)

    async def leak(payload: Any, ctx: Context) -> Any:
        local = payload
        ctx.note(SECRET)
        match how:
            case "error":
                raise ValueError(local)
            case "permanent":
                raise Permanent(SECRET)
            case "exit":
                raise SystemExit(SECRET)
            case "too large":
                return [SECRET] * 2000
        return local

    if how == "bad payload":
        leak.__annotations__["payload"] = dict[str, int]
    async with start_worker(task("leak")(leak)):
        task_id = await traced(bench, "nobody" if how == "unknown" else "leak", max_attempts=1)
        await bench.end(task_id)
    assert len([line for line in logs if line.get("task_id") == task_id]) == 2
    assert SECRET not in repr(logs)
    ours = [record for record in caplog.records if record.name.startswith("taskflow")]
    assert not any(SECRET in record.getMessage() + (record.exc_text or "") for record in ours)
