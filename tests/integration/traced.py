"""Handlers that record spans of their own, as WORKER_HANDLERS names them."""

import asyncio
from typing import Any

from opentelemetry import trace

from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.integration.team import QUICK, note_start

tracer = trace.get_tracer("team")


@task("traced", backoff=QUICK)
async def traced(payload: dict[str, Any], ctx: Context) -> dict[str, Any]:
    """Fails at its first attempt."""
    with tracer.start_as_current_span("own work"):
        await asyncio.sleep(0)
        if ctx.attempt == 1:
            raise ConnectionError(payload["secret"])
        await ctx.submit(traced_in_thread, payload)
        return payload


@task("traced-in-a-thread")
def traced_in_thread(payload: dict[str, Any]) -> None:
    with tracer.start_as_current_span("work in a thread"):
        pass


@task("held", backoff=QUICK)
async def held(payload: dict[str, Any], ctx: Context) -> None:
    """Waits at its first attempt until somebody kills the process."""
    note_start(ctx)
    if ctx.attempt == 1:
        await asyncio.Event().wait()
