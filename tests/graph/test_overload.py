"""What the API does not take, it says at once; what it took, it keeps; and its own loops are seen to turn."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from taskflow.db import tasks
from taskflow.graph.http.admission import Admission, Answering
from taskflow.infra.batcher import Bounds
from taskflow.infra.liveness import Liveness
from taskflow.infra.resources import Resources
from tests.graph.api import COUNT, CREATE, Api

SMALL = Bounds(most=2, waiting=4)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.infra.submitter.BOUNDS", SMALL)


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The store takes nothing until this is set."""
    real, event = tasks.create, asyncio.Event()

    async def create(*arguments: Any, **options: Any) -> Any:
        await event.wait()
        return await real(*arguments, **options)

    monkeypatch.setattr(tasks, "create", create)
    return event


async def test_what_is_beyond_the_bounds_is_refused_at_once_and_nothing_taken_is_lost(
    client: httpx.AsyncClient, api: Api, go_on: asyncio.Event
) -> None:
    posts = [asyncio.ensure_future(client.post("/tasks", json={"title": f"Task {number}"})) for number in range(30)]
    done, _ = await asyncio.wait(posts, timeout=1)
    assert done
    for one in done:
        response = one.result()
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert "this was not taken" in response.json()["detail"]
    go_on.set()
    ended = [(await one).status_code for one in posts]
    assert set(ended) == {201, 503}
    assert (await api.ask(COUNT))["tasks"]["totalCount"] == ended.count(201)


async def test_graphql_says_the_same_with_the_same_status(client: httpx.AsyncClient, go_on: asyncio.Event) -> None:
    body = {"query": CREATE, "variables": {"input": {"title": "One"}}}
    posts = [asyncio.ensure_future(client.post("/graphql", json=body)) for _ in range(20)]
    done, _ = await asyncio.wait(posts, timeout=1)
    refused = [one.result() for one in done]
    assert refused
    for response in refused:
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        [error] = response.json()["errors"]
        assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    go_on.set()
    await asyncio.gather(*posts)


async def test_requests_beyond_what_a_process_answers_at_a_time_are_refused_and_the_others_answered() -> None:
    go_on, began = asyncio.Event(), 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal began
        began += 1
        await go_on.wait()
        await PlainTextResponse("answered")(scope, receive, send)

    transport = httpx.ASGITransport(Admission(app, Answering(), at_a_time=3))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asked = [asyncio.ensure_future(client.get("/tasks")) for _ in range(10)]
        refused, _ = await asyncio.wait(asked, timeout=1)
        assert began == 3
        assert {(one.result().status_code, one.result().headers["retry-after"]) for one in refused} == {(503, "2")}
        assert len(refused) == 7
        go_on.set()
        assert sorted([(await one).status_code for one in asked]) == [200] * 3 + [503] * 7
        assert (await client.get("/tasks")).status_code == 200


async def test_a_loop_that_is_silent_makes_the_process_unfit(
    client: httpx.AsyncClient, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(resources.liveness, "_clock", lambda: now)
    monkeypatch.setattr(resources.liveness, "_turns", {})
    resources.liveness.note("dispatcher")
    now = 29.0
    assert (await client.get("/livez")).status_code == 200
    now = 31.0
    response = await client.get("/livez")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable", "silent": ["dispatcher"]})
    assert isinstance(resources.liveness, Liveness)
