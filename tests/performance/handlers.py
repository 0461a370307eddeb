"""The handlers of ours that are measured, loaded as a project's own are: WORKER_HANDLERS=tests.performance.handlers."""

import asyncio
from typing import Any

from taskflow import task


@task("trivial")
async def trivial(payload: dict[str, Any]) -> None:
    assert payload["message"]


@task("plain")
def plain(payload: dict[str, Any]) -> None:
    assert payload["message"]


@task("sleeps")
async def sleeps(payload: dict[str, Any]) -> None:
    assert payload["message"]
    await asyncio.sleep(0.01)
