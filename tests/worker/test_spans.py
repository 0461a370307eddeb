"""What is recorded of a worker: an attempt and what its handler does, and nothing of what nobody asked for."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, format_trace_id

from taskflow.db import tasks
from taskflow.infra.broker import TaskMessage
from taskflow.infra.events.handover import publish
from taskflow.infra.input import TaskInput
from taskflow.infra.new_task import validate
from taskflow.infra.submitter import open_submitter
from taskflow.worker.task import Permanent, task
from tests.recording import Recording
from tests.worker.bench import Bench
from tests.worker.conftest import StartWorker

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRET = "s3cr3t-w0rd"


@pytest.fixture
def spans(bench: Bench) -> Recording:
    """Of a worker that is started from now on."""
    recording = Recording()
    recording.tracing.watch(bench.resources.engine)
    bench.resources = replace(bench.resources, tracing=recording.tracing)
    return recording


async def traced(bench: Bench, kind: str, traceparent: str = PARENT) -> str:
    task_id = await bench.create(kind, {"message": SECRET}, title=SECRET, publish=False, max_attempts=1)
    await bench.set(task_id, traceparent=traceparent)
    return task_id


def trace_of(span: ReadableSpan) -> str:
    return format_trace_id(span.context.trace_id)


async def test_the_spans_of_a_handler_are_inside_of_its_attempts(
    bench: Bench, start_worker: StartWorker, spans: Recording
) -> None:
    tracer = spans.provider.get_tracer("team")

    @task("in-the-loop")
    async def in_the_loop(payload: Any) -> None:
        await asyncio.sleep(0)
        with tracer.start_as_current_span("own"):
            pass

    @task("in-a-thread")
    def in_a_thread(payload: Any) -> None:
        with tracer.start_as_current_span("own"):
            pass

    async with start_worker(in_the_loop, in_a_thread):
        for kind in ("in-the-loop", "in-a-thread"):
            await bench.end(await traced(bench, kind))
    attempts = spans.of(SpanKind.CONSUMER)
    assert [span.attributes and span.attributes["taskflow.kind"] for span in attempts] == ["in-the-loop", "in-a-thread"]
    assert [span.parent and span.parent.span_id for span in spans.named("own")] == [
        span.context.span_id for span in attempts
    ]


@pytest.mark.parametrize("error", [ValueError, Permanent])
async def test_a_failure_is_told_by_its_type_alone(
    bench: Bench, start_worker: StartWorker, spans: Recording, error: type[Exception]
) -> None:
    @task("fail")
    async def fail(payload: Any) -> None:
        raise error(SECRET)

    async with start_worker(fail):
        await bench.end(await traced(bench, "fail"))
    [attempt] = spans.of(SpanKind.CONSUMER)
    assert (attempt.status.is_ok, attempt.status.description) == (False, error.__name__)
    assert attempt.attributes
    assert attempt.attributes["error.type"] == error.__name__
    assert SECRET not in spans.text()


async def test_a_task_without_a_trace_begins_one_where_it_runs(
    bench: Bench, start_worker: StartWorker, spans: Recording
) -> None:
    async with start_worker():
        await bench.run("message", {"message": "hello"}, publish=False)
    [attempt] = spans.of(SpanKind.CONSUMER)
    assert (attempt.parent, list(attempt.links)) == (None, [])
    assert spans.of(SpanKind.PRODUCER) == []


async def test_a_trace_that_its_caller_does_not_record_is_not_recorded(
    bench: Bench, start_worker: StartWorker, spans: Recording
) -> None:
    async with start_worker():
        await bench.end(await traced(bench, "message", f"{PARENT[:-2]}00"))
    assert spans.all == []


async def test_what_loops_ask_the_database_is_no_trace(
    bench: Bench, start_worker: StartWorker, spans: Recording
) -> None:
    async with start_worker():
        await bench.end(await traced(bench, "message"))
    roots = [span.name for span in spans.all if span.parent is None]
    assert roots == []
    [recorded] = spans.named("record outcomes")
    statements = [span for span in spans.of(SpanKind.CLIENT) if span.parent]
    assert statements
    assert {span.parent and span.parent.span_id for span in statements} == {recorded.context.span_id}


async def test_a_message_that_no_queue_took_is_an_error(
    bench: Bench, spans: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await traced(bench, "message"), await traced(bench, "message")]

    async def take_the_first(messages: Sequence[TaskMessage]) -> list[bool]:
        return [True, False]

    monkeypatch.setattr(bench.broker, "publish", take_the_first)
    await publish(bench.resources, [await bench.get(one) for one in ids])
    published = spans.of(SpanKind.PRODUCER)
    assert [span.attributes and span.attributes["messaging.message.id"] for span in published] == ids
    assert [span.status.is_ok for span in published] == [True, False]
    assert [[format_trace_id(link.context.trace_id) for link in span.links] for span in published] == [[TRACE]] * 2


async def test_a_transaction_for_many_is_in_the_trace_of_one_and_names_the_others(
    bench: Bench, spans: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer, create = spans.provider.get_tracer("callers"), tasks.create
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any, **options: Any) -> Any:
        under_way.set()
        await go_on.wait()
        return await create(*arguments, **options)

    monkeypatch.setattr(tasks, "create", slow)
    async with open_submitter(bench.resources) as submitter:

        async def submit() -> str:
            with tracer.start_as_current_span("caller") as span:
                await submitter.create(validate([TaskInput("A")], payload_max_bytes=1000))
                return format_trace_id(span.get_span_context().trace_id)

        calls = [asyncio.create_task(submit())]
        await under_way.wait()
        calls += [asyncio.create_task(submit()) for _ in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        alone, *together = await asyncio.gather(*calls)
    first, second = spans.named("create tasks")
    assert (trace_of(first), list(first.links)) == (alone, [])
    assert [trace_of(second), *(format_trace_id(link.context.trace_id) for link in second.links)] == together


async def test_a_statement_that_fails_is_an_error(bench: Bench, spans: Recording) -> None:
    with spans.provider.get_tracer("caller").start_as_current_span("caller"):
        async with bench.resources.engine.connect() as connection:
            with pytest.raises(sa.exc.OperationalError):
                await connection.execute(sa.text("SELECT :value FROM nowhere"), {"value": SECRET})
            await connection.execute(sa.text("SELECT 1"))
    failed, well = spans.named("SELECT")
    assert (failed.status.is_ok, failed.attributes and failed.attributes["error.type"]) == (False, "OperationalError")
    assert well.status.is_ok
    assert SECRET not in failed.to_json()
