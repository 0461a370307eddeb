"""What the terminal shows: submit, watch and seed against a served API, with a worker beside it."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rich.console import Console
from starlette.applications import Starlette

from taskflow.cli import console
from taskflow.client.client import Client
from taskflow.graph.services import Services
from taskflow.infra.errors import InvalidTask, StartError
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.serve import serving


@pytest.fixture
async def tasks(app: Starlette) -> AsyncIterator[Client]:
    async with serving(app) as host, Client(f"http://{host}") as opened:
        yield opened


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed."""
    written = io.StringIO()
    monkeypatch.setattr(console, "console", Console(file=written, width=60, highlight=False))
    return written


async def shown(api: Api) -> list[dict[str, Any]]:
    found = (await api.ask("{ tasks(first: 200) { nodes { id title kind payload } } }"))["tasks"]["nodes"]
    assert isinstance(found, list)
    return found


async def test_submit_prints_the_id_alone(tasks: Client, api: Api, output: io.StringIO) -> None:
    assert await console.submit(tasks, "Title", '{"a": 1}', "a-kind", watch_it=False) == 0
    [task] = await shown(api)
    assert output.getvalue() == task["id"] + "\n"
    assert task | {"title": "Title", "kind": "a-kind", "payload": {"a": 1}} == task


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("payload", "code", "last"),
    [('{"message": "Sent [b]all[/b]\\u001b[2J"}', 0, "DONE"), ("{}", 1, "FAILED"), (None, 1, "FAILED")],
)
async def test_submit_and_watch_ends_with_the_task(
    tasks: Client, output: io.StringIO, payload: str | None, code: int, last: str
) -> None:
    assert await console.submit(tasks, "Title", payload, None, watch_it=True) == code
    lines = output.getvalue().splitlines()
    assert last in lines[-1]
    if code == 0:
        assert lines[-1].endswith("Sent [b]all[/b] [2J")  # as it is, but for what would steer the terminal
    else:
        assert "Payload missing required 'message' field" in output.getvalue()


async def test_watch_of_a_cancelled_task_ends_with_1(tasks: Client, api: Api, output: io.StringIO) -> None:
    task_id = (await api.create())["id"]
    await api.ask("mutation ($id: ID!) { cancelTask(id: $id) { id } }", id=task_id)
    assert await console.watch(tasks, task_id) == 1
    assert "CANCELLED" in output.getvalue()


@pytest.mark.usefixtures("worker")
async def test_watch_shows_progress(tasks: Client, api: Api, output: io.StringIO) -> None:
    task_id = (await api.create(kind="progress", payload={"images": 2, "seconds": 0.15}))["id"]
    assert await console.watch(tasks, task_id) == 0
    assert "PROCESSING" in output.getvalue()
    assert "100%" in output.getvalue()


async def test_watch_of_all_shows_ids_until_it_is_stopped(
    tasks: Client, api: Api, services: Services, output: io.StringIO
) -> None:
    watching = asyncio.create_task(console.watch(tasks, None))

    async def subscribed() -> bool:
        return services.hub.watchers == 1

    await eventually(subscribed)
    task_id = (await api.create())["id"]

    async def printed() -> bool:
        return f"{task_id} PENDING" in output.getvalue()

    await eventually(printed)
    watching.cancel()
    await asyncio.wait([watching])

    async def left() -> bool:
        return services.hub.watchers == 0

    await eventually(left)


@pytest.mark.parametrize("payload", ["{", "NaN", '{"a": NaN}', '{"a": "\\ud800"}', "[" * 1000])
async def test_payload_that_is_not_json_is_said_to_be_none(tasks: Client, payload: str) -> None:
    with pytest.raises(StartError, match=r"^--payload: "):
        await console.submit(tasks, "Title", payload, None, watch_it=False)


async def test_payload_that_is_no_object_is_refused(tasks: Client) -> None:
    with pytest.raises(InvalidTask, match="payload takes an object or null, not a number"):
        await console.submit(tasks, "Title", "5", None, watch_it=False)


async def test_seed_creates_as_many_as_asked(tasks: Client, api: Api, output: io.StringIO) -> None:
    assert await console.seed(tasks, 150, None) == 0
    assert len(await shown(api)) == 150
    assert "150/150" in output.getvalue()


async def test_seed_keeps_to_its_rate(tasks: Client, api: Api, output: io.StringIO) -> None:
    began = asyncio.get_running_loop().time()
    assert await console.seed(tasks, 8, 40) == 0
    assert asyncio.get_running_loop().time() - began >= 0.2
    assert len(await shown(api)) == 8
