"""The API's process part: it serves at once, stops in order, and says so when it can't start."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

from taskflow.graph import app
from taskflow.graph.app import app_on, drain
from taskflow.graph.http.server import listening, serve
from taskflow.infra.errors import StartError
from taskflow.infra.resources import Resources
from tests.graph.client import connected


@pytest.fixture(autouse=True)
def without_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.graph.app.built_dashboard", lambda: None)


def address(listener: socket.socket) -> str:
    return "{}:{}".format(*listener.getsockname())


async def test_it_answers_to_its_own_names_and_stops_when_told(resources: Resources) -> None:
    stop = asyncio.Event()
    with listening("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(serve(app_on(resources), listener, stop, drain=drain))
        async with httpx.AsyncClient(base_url=f"http://{address(listener)}") as client:
            assert (await client.get("/healthz")).json()["status"] == "ok"
            assert (await client.get("/livez", headers={"host": "rebound.test"})).status_code == 421
        stop.set()
        async with asyncio.timeout(10):
            await serving


async def test_watchers_get_the_last_news_before_they_are_sent_elsewhere(resources: Resources) -> None:
    stop, ended = asyncio.Event(), asyncio.Event()
    worker = asyncio.create_task(ended.wait())
    with listening("127.0.0.1", 0) as listener:
        closing: Any = worker
        serving = asyncio.create_task(serve(app_on(resources), listener, stop, drain=drain, before_closing=closing))
        host = address(listener)
        async with connected(f"ws://{host}/graphql") as client, httpx.AsyncClient() as http:
            await client.subscribe("1", "subscription { stats { total } }")
            assert (await client.next())["payload"]["data"] == {"stats": {"total": 0}}
            stop.set()
            assert (await http.post(f"http://{host}/tasks", json={"title": "Last"})).status_code == 201
            assert (await client.next())["payload"]["data"] == {"stats": {"total": 1}}
            ended.set()
            assert await client.close_code() == 1012
        async with asyncio.timeout(10):
            await serving


async def test_request_without_an_answer_by_the_end_is_told_to_ask_again(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, asked = asyncio.Event(), asyncio.Event()

    async def silent(*arguments: Any, **options: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("taskflow.db.tasks.create", silent)
    monkeypatch.setattr(app, "ANSWERED_WITHIN", 0.1)
    with listening("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(serve(app_on(resources), listener, stop, drain=drain))
        async with httpx.AsyncClient(base_url=f"http://{address(listener)}") as client:
            answering = asyncio.create_task(client.post("/tasks", json={"title": "Stuck"}))
            async with asyncio.timeout(10):
                await asked.wait()
                stop.set()
                answer = await answering
                await serving
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "ask again whether it took effect" in answer.json()["detail"]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_told_to_stop_before_it_has_started_it_stops(resources: Resources) -> None:
    stop = asyncio.Event()
    stop.set()
    with listening("127.0.0.1", 0) as listener:
        async with asyncio.timeout(10):
            await serve(app_on(resources), listener, stop, drain=drain)


async def test_service_that_can_not_be_opened_is_no_clean_end(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(resources: Resources) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(app, "open_services", broken)
    with listening("127.0.0.1", 0) as listener, pytest.raises(StartError, match="did not start"):
        await serve(app_on(resources), listener, asyncio.Event(), drain=drain)


def test_address_that_can_not_be_had_is_named_with_what_to_do() -> None:
    with (
        listening("127.0.0.1", 0) as taken,
        pytest.raises(StartError, match=r"Can't listen on 127.0.0.1:\d+: .*API_PORT or --port"),
        listening("127.0.0.1", taken.getsockname()[1]),
    ):
        pass
    with pytest.raises(StartError, match=r"Can't listen on nowhere.invalid:0"), listening("nowhere.invalid", 0):
        pass


def test_it_listens_where_others_reach_it_only_when_it_may() -> None:
    with pytest.raises(StartError, match="API_INSECURE=1"), listening("0.0.0.0", 0):
        pass
    with listening("0.0.0.0", 0, may_be_reached=True), listening("localhost", 0), listening("127.1.2.3", 0):
        pass
