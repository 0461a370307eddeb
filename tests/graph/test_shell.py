"""`taskflow list`, `get`, `queues`, `pause` and the like: a table for people, JSON with REST's keys for programs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from taskflow.cli.parser import parser
from taskflow.cli.remote import show
from taskflow.client.client import Client
from taskflow.infra.errors import InvalidTask, NotFound
from tests.contracts.waiting import eventually
from tests.graph.serve import serving


@pytest.fixture
async def tasks(app: Starlette) -> AsyncIterator[Client]:
    async with serving(app) as host, Client(f"http://{host}") as opened:
        yield opened


async def run(tasks: Client, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = await show(tasks, parser().parse_args(words))
    out, error = capsys.readouterr()
    return code, out, error


async def read(tasks: Client, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out, _ = await run(tasks, capsys, *words, "--json")
    assert code == 0
    return json.loads(out)


async def test_json_has_the_keys_and_values_of_the_rest_calls(
    tasks: Client, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = await tasks.submit("ship", {"n": 2**60, "text": "ü"}, title="Ship it", delay=60)
    over_rest = (await client.get(f"/tasks/{handle.id}")).json()
    assert await read(tasks, capsys, "get", handle.id) == over_rest
    assert await read(tasks, capsys, "list") == [over_rest]


async def test_list_keeps_what_passes_and_stops_at_its_limit(tasks: Client, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        await tasks.submit("ship", title=f"Ship order {number}", queue="parcels", delay=60)
    await (await tasks.submit("bill", title="Bill order 1", delay=60)).cancel()
    assert [one["title"] for one in await read(tasks, capsys, "list", "--limit", "2")] == [
        "Bill order 1",
        "Ship order 2",
    ]
    for words, count in (
        (("--status", "cancelled"), 1),
        (("--status", "PENDING", "--status", "CANCELLED"), 4),
        (("--kind", "ship"), 3),
        (("--queue", "parcels", "--search", "order 1"), 1),
    ):
        assert len(await read(tasks, capsys, "list", *words)) == count, words


async def test_a_table_has_a_line_a_task_and_cuts_nothing_for_a_program(
    tasks: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = await tasks.submit("ship", title="T" * 200, delay=60)
    code, out, _ = await run(tasks, capsys, "list")
    header, line = out.splitlines()
    assert (code, header.split()) == (0, ["id", "status", "attempt", "kind", "queue", "created", "title"])
    assert line.startswith(f"{handle.id}  PENDING")
    assert "T" * 200 in line
    _, out, _ = await run(tasks, capsys, "get", handle.id)
    assert [line.split()[0] for line in out.splitlines()][:3] == ["task_id", "title", "kind"]


async def test_each_id_is_changed_or_refused_with_its_reason(tasks: Client, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = [(await tasks.submit("ship", delay=60)).id for _ in range(2)]
    code, out, error = await run(tasks, capsys, "cancel", one, "nowhere", other, "--json")
    assert code == 1
    assert [(done["task_id"], done["status"]) for done in json.loads(out)] == [(one, "CANCELLED"), (other, "CANCELLED")]
    assert error == "taskflow: There is no task nowhere.\n"
    code, _, error = await run(tasks, capsys, "cancel", one)
    assert code == 1
    assert f"Task {one} is CANCELLED" in error
    code, out, error = await run(tasks, capsys, "retry", one, other)
    assert (code, error) == (0, "")
    assert out.count("PENDING") == 2


async def test_kinds_and_queues(tasks: Client, capsys: pytest.CaptureFixture[str]) -> None:
    await tasks.submit("ship", queue="parcels", delay=60)
    assert await read(tasks, capsys, "kinds") == ["ship"]
    base = {"waiting": 0, "running": 0, "workers": 0, "oldest_at": None}
    base |= {"paused_at": None, "paused_by": None, "pause_reason": None}
    assert await read(tasks, capsys, "queues") == [{"name": "default"} | base, {"name": "parcels"} | base]
    assert (await run(tasks, capsys, "kinds"))[1] == "ship\n"


async def test_a_queue_is_paused_and_resumed(tasks: Client, capsys: pytest.CaptureFixture[str]) -> None:
    paused = await read(tasks, capsys, "pause", "parcels", "no van")
    assert (paused["name"], paused["pause_reason"]) == ("parcels", "no van")
    assert "no van" in (await run(tasks, capsys, "queues"))[1]
    assert (await read(tasks, capsys, "resume", "parcels"))["paused_at"] is None
    with pytest.raises(InvalidTask, match="name takes 1 to 100 letters"):
        await run(tasks, capsys, "pause", "a queue")


@pytest.mark.usefixtures("worker")
async def test_workers(tasks: Client, capsys: pytest.CaptureFixture[str]) -> None:
    async def is_listed() -> bool:
        return bool(await read(tasks, capsys, "workers"))

    await eventually(is_listed)
    (worker,) = await read(tasks, capsys, "workers")
    assert (worker["queues"], worker["is_stopping"]) == (["default"], False)
    _, out, _ = await run(tasks, capsys, "workers")
    assert worker["id"] in out


async def test_a_task_that_is_not_there_is_told(tasks: Client, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFound, match="There is no task nowhere"):
        await run(tasks, capsys, "get", "nowhere")


def test_a_status_that_there_is_not_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["list", "--status", "GONE"])
    said = capsys.readouterr().err.replace("'", "")  # Python 3.14 writes the choices without quotes
    assert "choose from PENDING, PROCESSING, DONE" in said
