"""A worker as every process of ours runs it: with a client for the handles that `ctx.submit` gives."""

import asyncio
from typing import Any

from taskflow.client.client import Client
from taskflow.infra.metrics_port import open_metrics_port
from taskflow.infra.resources import Resources
from taskflow.worker.handle import Handle
from taskflow.worker.registry import Registry
from taskflow.worker.runtime import run_worker
from taskflow.worker.submission import Target


async def work(
    resources: Resources, registry: Registry, stop: asyncio.Event, *, url: str | None = None, drain: bool = False
) -> None:
    """Run a worker until `stop` is set. `url` is where its handles find the API: TASKFLOW_URL when not given."""
    port = resources.settings.worker_metrics_port
    async with (
        Client(url) as client,
        open_metrics_port(resources.metrics, "WORKER_METRICS_PORT", [port] if port else []),
    ):

        def handle(task_id: str, target: Target) -> Handle[Any]:
            return client.handle(task_id, target.function) if target.function else client.handle(task_id)

        await run_worker(resources, registry, stop, handle=handle, drain=drain)
