"""The trace that a task belongs to is the one that its call came with; a malformed one is ignored."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from websockets.asyncio.client import connect

from taskflow.graph.services import Services
from tests.graph.api import Api
from tests.graph.client import PROTOCOL, Client
from tests.graph.serve import app_of, serving

TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "1af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
CREATE = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { traceId traceUrl } } }"
MALFORMED = [PARENT.upper(), f"{PARENT}-more", f"00-{'0' * 32}-b7ad6b7169203331-01", "no trace", ""]


async def over_graphql(client: httpx.AsyncClient, *inputs: dict[str, Any], **headers: str) -> list[str | None]:
    variables = {"inputs": [{"title": "A task"} | one for one in inputs or ({},)]}
    answer = await client.post("/graphql", json={"query": CREATE, "variables": variables}, headers=headers)
    return [one["traceId"] for one in answer.json()["data"]["createTasks"]["tasks"]]


async def over_rest(client: httpx.AsyncClient, **headers: str) -> str | None:
    answer = await client.post("/tasks", json={"title": "A task"}, headers=headers)
    query = "query ($id: ID!) { task(id: $id) { traceId } }"
    task = (await Api(client).ask(query, id=answer.json()["task_id"]))["task"]
    return task["traceId"]  # type: ignore[no-any-return]


async def test_it_is_taken_from_the_header_of_a_call(client: httpx.AsyncClient) -> None:
    assert await over_graphql(client, {}, {}, traceparent=PARENT) == [TRACE, TRACE]
    assert await over_rest(client, traceparent=PARENT) == TRACE


async def test_without_one_there_is_no_trace(client: httpx.AsyncClient) -> None:
    assert await over_graphql(client) == [None]
    assert await over_rest(client) is None


@pytest.mark.parametrize("malformed", MALFORMED)
async def test_a_malformed_one_is_ignored(client: httpx.AsyncClient, malformed: str) -> None:
    assert await over_graphql(client, {"traceparent": malformed}, traceparent=malformed) == [None]
    assert await over_rest(client, traceparent=malformed) is None


async def test_one_that_comes_twice_is_ignored(client: httpx.AsyncClient) -> None:
    headers = [("traceparent", PARENT), ("traceparent", PARENT.replace(TRACE, OTHER))]
    answer = await client.post(
        "/graphql", json={"query": CREATE, "variables": {"inputs": [{"title": "A"}]}}, headers=headers
    )
    assert answer.json()["data"]["createTasks"]["tasks"] == [{"traceId": None, "traceUrl": None}]


async def test_a_task_may_say_its_own(client: httpx.AsyncClient) -> None:
    own = {"traceparent": PARENT.replace(TRACE, OTHER)}
    assert await over_graphql(client, own, {}, traceparent=PARENT) == [OTHER, TRACE]


async def test_another_trace_makes_no_other_input_of_a_repeat(client: httpx.AsyncClient) -> None:
    assert await over_graphql(client, {"idempotencyKey": "once"}, traceparent=PARENT) == [TRACE]
    again = PARENT.replace(TRACE, OTHER)
    assert await over_graphql(client, {"idempotencyKey": "once"}, traceparent=again) == [TRACE]


@pytest.mark.parametrize("payload", [{"traceparent": PARENT}, {"traceparent": 7}, {}, None])
async def test_a_socket_brings_it_with_its_first_message(app: Starlette, payload: dict[str, Any] | None) -> None:
    async with serving(app) as address, connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as connection:
        socket = Client(connection)
        await socket.send("connection_init", payload=payload)
        await socket.next()
        await socket.subscribe("1", CREATE, variables={"inputs": [{"title": "A"}]})
        [task] = (await socket.next())["payload"]["data"]["createTasks"]["tasks"]
    assert task["traceId"] == (TRACE if payload == {"traceparent": PARENT} else None)


async def test_a_socket_brings_it_with_its_handshake(app: Starlette) -> None:
    headers = {"traceparent": PARENT}
    async with (
        serving(app) as address,
        connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL], additional_headers=headers) as connection,
    ):
        socket = Client(connection)
        await socket.send("connection_init")
        await socket.next()
        await socket.subscribe("1", CREATE, variables={"inputs": [{"title": "A"}]})
        [task] = (await socket.next())["payload"]["data"]["createTasks"]["tasks"]
    assert task["traceId"] == TRACE


async def test_a_task_links_to_its_trace_where_trace_url_says_how(services: Services) -> None:
    app = app_of(services)
    query = {"query": CREATE, "variables": {"inputs": [{"title": "A"}, {"title": "B", "traceparent": PARENT}]}}

    async def urls() -> list[str | None]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://taskflow.test") as client:
            answer = await client.post("/graphql", json=query)
        return [one["traceUrl"] for one in answer.json()["data"]["createTasks"]["tasks"]]

    assert await urls() == [None, None]
    settings = services.resources.settings.model_copy(update={"trace_url": "https://jaeger.example/{trace_id}?x=1"})
    app.state.services = replace(services, resources=replace(services.resources, settings=settings))
    assert await urls() == [None, f"https://jaeger.example/{TRACE}?x=1"]


async def test_what_another_program_wrote_that_is_no_trace_is_none(
    client: httpx.AsyncClient, services: Services
) -> None:
    await over_graphql(client, traceparent=PARENT)
    async with services.resources.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE tasks SET traceparent = 'no trace'"))
    answer = await client.post("/graphql", json={"query": "{ tasks { nodes { traceId traceUrl } } }"})
    assert answer.json()["data"]["tasks"]["nodes"] == [{"traceId": None, "traceUrl": None}]
