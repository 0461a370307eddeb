"""Health, and what is answered while a dependency is away or this process stops: in time, and without its secrets."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from taskflow.graph import app as application
from taskflow.graph.http import health
from taskflow.graph.services import Services
from taskflow.infra import database
from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.resources import Resources
from tests.graph.api import CREATE, Api

WORDS_OF_AN_OUTAGE = ("sqlite", "nowhere", "select", "insert", "traceback", "operationalerror", "unable to open")


async def test_all_is_well(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz")
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["checks"].keys()) == ("ok", {"db", "mq", "redis"})
    assert all(check.keys() == {"ok", "latency_ms"} and check["ok"] for check in body["checks"].values())
    assert (await client.get("/livez")).json() == {"status": "ok"}


async def hang(*arguments: object) -> None:
    """As a client that can't even be cancelled."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(0.3)
        raise


async def fail(*arguments: object) -> None:
    raise BrokerUnavailable("amqp://user:secret@nowhere refused us")


async def refuse(*arguments: object) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("ping", [hang, fail, refuse])
@pytest.mark.parametrize("name", ["db", "mq", "redis"])
async def test_one_that_hangs_or_fails_is_named_in_time(
    client: httpx.AsyncClient,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    ping: Callable[..., Awaitable[None]],
) -> None:
    monkeypatch.setattr(health, "LONGEST", health.LONGEST / 2)
    owner: Any = {"db": database, "mq": resources.broker, "redis": resources.bus}[name]
    monkeypatch.setattr(owner, "ping", ping)
    began = time.perf_counter()
    response = await client.get("/healthz")
    assert time.perf_counter() - began < 2
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert [key for key, check in response.json()["checks"].items() if not check["ok"]] == [name]
    assert "secret" not in response.text
    assert (await client.get("/livez")).status_code == 200


async def test_a_database_that_refuses_writes_is_named(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def deny(*arguments: object) -> None:
        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("INSERT command denied"))

    monkeypatch.setattr(health, "may_write", deny)
    checks = (await client.get("/healthz")).json()["checks"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["db"]
    assert "db is not well: INSERT command denied" in caplog.text


def test_what_a_dependency_may_take_leaves_time_to_answer() -> None:
    assert health.LONGEST.total_seconds() <= 1.75


async def test_process_that_stops_is_not_well_but_lives(
    app: Starlette, client: httpx.AsyncClient, services: Services
) -> None:
    await application.drain(app)
    response = await client.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert (await client.get("/livez")).status_code == 200


@pytest.fixture
async def outage(resources: Resources) -> AsyncIterator[None]:
    """The database is away: every connection from here on is refused."""

    def refuse(*arguments: object) -> None:
        raise sqlite3.OperationalError("unable to open nowhere")

    sa.event.listen(resources.engine.sync_engine, "do_connect", refuse)
    await resources.engine.dispose()
    yield
    sa.event.remove(resources.engine.sync_engine, "do_connect", refuse)


GRAPHQL = {
    "task": '{ task(id: "a") { id } }',
    "tasks": "{ tasks { nodes { id } } }",
    "count": "{ tasks { totalCount } }",
    "stats": "{ stats { total } }",
    "cancel": 'mutation { cancelTask(id: "a") { id } }',
    "retry": 'mutation { retryTask(id: "a") { id } }',
    "create": 'mutation { createTask(input: {title: "A"}) { created } }',
    "create many": 'mutation { createTasks(inputs: [{title: "A"}, {title: "B"}]) { createdCount } }',
}


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("query", GRAPHQL.values(), ids=GRAPHQL)
async def test_operation_without_a_database_says_so_and_nothing_more(api: Api, query: str) -> None:
    error = await api.fail(query)
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert error["message"] == "The database can't be reached at the moment."


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("path", ["/tasks", "/tasks?q=a", "/tasks/a", "/tasks/a/events"])
async def test_rest_without_a_database_is_503_and_nothing_more(client: httpx.AsyncClient, path: str) -> None:
    responses = [await client.get(path)]
    if path == "/tasks":
        responses.append(await client.post(path, json={"title": "A"}))
    for response in responses:
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert response.headers["content-type"] == "application/problem+json"
        assert not any(word in response.text.lower() for word in WORDS_OF_AN_OUTAGE)


@pytest.mark.usefixtures("outage")
async def test_health_without_a_database_says_which(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz")
    assert response.status_code == 503
    assert not response.json()["checks"]["db"]["ok"]
    assert not any(word in response.text.lower() for word in WORDS_OF_AN_OUTAGE)


async def test_broker_that_is_away_does_not_keep_tasks_out(
    api: Api, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse_all(messages: list[object]) -> list[bool]:
        return [False] * len(messages)

    monkeypatch.setattr(resources.broker, "publish", refuse_all)
    monkeypatch.setattr(resources.broker, "depth", fail)
    assert (await api.create())["status"] == "PENDING"
    assert (await api.ask("{ stats { total queueDepth } }"))["stats"] == {"total": 1, "queueDepth": 0}


async def test_defect_of_ours_is_masked_through_every_door(
    api: Api, client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def boom(*arguments: object) -> None:
        raise RuntimeError("secret: SELECT * FROM tasks")

    monkeypatch.setattr(services.submitter._creates, "submit", boom)
    error = await api.fail(CREATE, input={"title": "A"})
    assert (error["message"], error["extensions"]) == ("Internal server error", {"code": "INTERNAL_SERVER_ERROR"})
    response = await client.post("/tasks", json={"title": "A"})
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert response.json()["detail"] == "Something went wrong on our side."
    assert "secret" not in response.text
