"""`--reload`: a saved handler is live soon, what ran is given back, and a module that is broken is waited for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.contracts.waiting import eventually
from tests.integration.program import Program, free_port

pytestmark = pytest.mark.timeout(120)

HANDLERS = """
import asyncio
from typing import Any
import prices.list
from taskflow.worker.task import task

@task("price", max_attempts=1)
async def price(payload: Any) -> int:
    if payload and payload["wait"] and prices.list.PRICE == 1:
        await asyncio.sleep(60)
    return prices.list.PRICE
"""


class Project:
    """A team's folder with `taskflow up --reload` running in it."""

    program: Program

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}")

    def save(self, price: str) -> None:
        (self.folder / "prices" / "list.py").write_text(f"PRICE = {price}\n")

    async def create(self, *, wait: bool = False) -> str:
        async def created() -> bool:
            try:
                body = {"title": "Ask", "kind": "price", "payload": {"wait": wait}}
                found.append((await self.client.post("/tasks", json=body)).json()["task_id"])
            except httpx.HTTPError:
                return False
            return True

        found: list[str] = []
        await eventually(created, within=30)
        return found[0]

    async def end(self, task_id: str) -> dict[str, object]:
        found: dict[str, object] = {}

        async def ended() -> bool:
            try:
                found.update((await self.client.get(f"/tasks/{task_id}")).json())
            except httpx.HTTPError:
                return False
            return found["finished_at"] is not None

        await eventually(ended, within=30)
        return found

    async def answers(self) -> object:
        return (await self.end(await self.create()))["result"]


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    project = Project(tmp_path / "team")
    (project.folder / "prices").mkdir(parents=True)
    (project.folder / "shop.py").write_text(HANDLERS)
    project.save("1")
    settings = {"WORKER_HANDLERS": "shop", "API_PORT": str(project.port), "LOG_FORMAT": "json"}
    project.program = await Program.start(tmp_path / "up.log", settings, "up", "--reload", cwd=project.folder)
    try:
        yield project
        project.program.process.terminate()
        assert await project.program.exit_code() == 0
    finally:
        await project.program.kill()
        await project.client.aclose()


async def test_a_saved_module_is_live_and_what_ran_is_given_back_uncounted(project: Project) -> None:
    assert await project.answers() == 1
    waiting = await project.create(wait=True)

    async def runs() -> bool:
        return bool((await project.client.get(f"/tasks/{waiting}")).json()["status"] == "PROCESSING")

    await eventually(runs)
    project.save("2")
    began = time.monotonic()
    ended = await project.end(waiting)
    print(f"live after {time.monotonic() - began:.2f} s")
    assert (ended["status"], ended["result"], ended["attempt"]) == ("DONE", 2, 1)
    assert await project.answers() == 2


async def test_a_module_that_can_not_be_imported_is_told_and_the_next_change_waited_for(project: Project) -> None:
    assert await project.answers() == 1
    project.save("")

    async def told() -> bool:
        said = project.program.text()
        return "shop can't be imported: SyntaxError" in said and "waiting for a change" in said

    await eventually(told, within=30)
    project.save("3")
    assert await project.answers() == 3
