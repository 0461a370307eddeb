"""What a program submits belongs to the trace that it is in: each caller's own, also where they share a request."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer, format_trace_id, get_current_span

from taskflow import Client, SyncClient, task
from taskflow.infra.resources import Resources
from taskflow.worker.context import Context
from taskflow.worker.registry import Handler, Registry
from taskflow.working import work
from tests.client.front import Front
from tests.client.handlers import nothing_to_say
from tests.client.test_imports import loaded_by


@pytest.fixture
def tracer() -> Tracer:
    return TracerProvider().get_tracer("a program")


def trace_here() -> str:
    return format_trace_id(get_current_span().get_span_context().trace_id)


async def parents(resources: Resources) -> dict[str, str | None]:
    async with resources.engine.connect() as connection:
        rows = await connection.execute(sa.text("SELECT id, traceparent FROM tasks"))
        return {row.id: row.traceparent for row in rows}


async def traces(resources: Resources) -> dict[str, str | None]:
    return {name: parent and parent[3:35] for name, parent in (await parents(resources)).items()}


async def test_a_submit_belongs_to_the_span_that_it_is_made_in(
    tasks: Client, tracer: Tracer, resources: Resources
) -> None:
    with tracer.start_as_current_span("checkout") as span:
        handle = await tasks.submit(nothing_to_say)
        many = await tasks.submit_many([("message", None), ("message", None)])
    context = span.get_span_context()
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert await parents(resources) == dict.fromkeys([handle.id, *(one.id for one in many)], expected)


async def test_without_a_span_there_is_no_trace(tasks: Client, resources: Resources) -> None:
    handle = await tasks.submit(nothing_to_say)
    assert await parents(resources) == {handle.id: None}


async def test_callers_that_share_a_request_keep_their_own(
    tasks: Client, tracer: Tracer, resources: Resources, front: Front
) -> None:
    expected: dict[str, str | None] = {}

    async def submit(number: int) -> None:
        if number % 3:
            with tracer.start_as_current_span(f"call {number}"):
                expected[(await tasks.submit(nothing_to_say)).id] = trace_here()
        else:
            expected[(await tasks.submit(nothing_to_say)).id] = None

    await asyncio.gather(*map(submit, range(30)))
    assert front.count("createTasks") < 30
    assert len(set(expected.values())) == 21
    assert await traces(resources) == expected


async def test_a_client_that_was_opened_in_a_span_keeps_it_for_nobody(
    url: str, tracer: Tracer, resources: Resources
) -> None:
    with tracer.start_as_current_span("main"):
        client = await Client(url).__aenter__()
    handle = await client.submit(nothing_to_say)
    await client.__aexit__(None, None, None)
    assert await parents(resources) == {handle.id: None}


async def test_a_client_without_a_loop_hands_on_its_callers(url: str, tracer: Tracer, resources: Resources) -> None:
    def submit() -> tuple[str, str]:
        with SyncClient(url) as tasks, tracer.start_as_current_span("request"):
            return tasks.submit("message").id, trace_here()

    task_id, expected = await asyncio.to_thread(submit)
    assert await traces(resources) == {task_id: expected}


async def test_what_a_handler_submits_belongs_to_its_own_span_or_to_its_tasks_trace(
    tasks: Client, tracer: Tracer, resources: Resources
) -> None:
    submitted: list[tuple[str, str]] = []

    @task("whole")
    async def whole(payload: Any, ctx: Context) -> None:
        submitted.append(((await ctx.submit("part")).id, trace_here()))
        with tracer.start_as_current_span("inside"):
            submitted.append(((await ctx.submit("part")).id, trace_here()))

    stop, registry = asyncio.Event(), Registry([Handler.of(whole)])
    working = asyncio.create_task(work(resources, registry, stop))
    with tracer.start_as_current_span("caller"):
        handle, callers = await tasks.submit(whole), trace_here()
    await handle.result(timeout=20)
    stop.set()
    await working
    [(by_task, _), (by_span, inside)] = submitted
    assert await traces(resources) == {handle.id: callers, by_task: callers, by_span: inside}
    assert inside != callers


def test_a_program_without_opentelemetry_does_not_import_it() -> None:
    code = "import asyncio, taskflow\nfrom taskflow.worker.submission import *\n" + (
        "from taskflow.infra.tracing.current import current_traceparent\nassert current_traceparent() is None\n"
        "async def main():\n  async with taskflow.Client() as c:\n    pass\nasyncio.run(main())"
    )
    assert "opentelemetry" not in loaded_by(code)
