"""The command line's client: one line for whatever goes wrong, and a stream that outlives the server."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from taskflow.cli.console import WATCH
from taskflow.client import remote as client
from taskflow.client.remote import ClientError, execute, follow
from taskflow.db.lifecycle import TaskStatus
from taskflow.graph.app import drain
from taskflow.graph.live import hub as live
from taskflow.graph.services import Services
from taskflow.infra.bus import STATUS_CHANNEL
from taskflow.infra.events.status import decode
from taskflow.infra.resources import Resources
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.serve import serving
from tests.graph.test_live import progress

STATS = "{ stats { total } }"


@pytest.fixture
async def url(app: Starlette) -> AsyncIterator[str]:
    async with serving(app) as host:
        yield f"http://{host}"


async def test_operation_gives_its_data(url: str) -> None:
    assert await execute(url, STATS, {}) == {"stats": {"total": 0}}


async def test_errors_are_one_line(url: str) -> None:
    with pytest.raises(ClientError, match=r"^There is no task a\.$"):
        await execute(url, 'mutation { cancelTask(id: "a") { id } }', {})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://nowhere.invalid", "127.0.0.1:8000", "http://[", "ftp://a"]
)
async def test_server_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(ClientError, match=r"^TASKFLOW_URL: .* does not answer"):
        await execute(url, STATS, {})
    with pytest.raises(ClientError, match=r"^TASKFLOW_URL: .* does not answer"):
        await anext(follow(url, WATCH, {}))


@pytest.mark.parametrize(
    "response",
    [PlainTextResponse("Welcome"), JSONResponse([]), JSONResponse({}), JSONResponse({"errors": ["no"]})],
    ids=lambda response: str(response.body),
)
async def test_server_that_is_something_else_is_named(response: PlainTextResponse | JSONResponse) -> None:
    async def elsewhere(request: Request) -> PlainTextResponse | JSONResponse:
        return response

    async with serving(Starlette(routes=[Route("/graphql", elsewhere, methods=["POST"])])) as host:
        with pytest.raises(ClientError, match="is not TaskFlow"):
            await execute(f"http://{host}", STATS, {})
        with pytest.raises(ClientError, match="does not answer"):
            await anext(follow(f"http://{host}", WATCH, {}))


async def test_refused_subscription_is_one_line(url: str) -> None:
    with pytest.raises(ClientError, match=r"^There is no task a\.$"):
        await anext(follow(url, WATCH, {"taskId": "a"}))


async def take(events: AsyncGenerator[dict[str, Any], None], count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        return [await anext(events) for _ in range(count)]


async def change(api: Api, task_id: str) -> None:
    for mutation in ("cancelTask", "retryTask"):
        await api.ask(f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ id }} }}", id=task_id)


@pytest.mark.parametrize("of_one", [True, False])
@pytest.mark.parametrize("drained", [True, False])
async def test_stream_outlives_a_restart_of_the_server_without_a_gap_or_a_repetition(
    app: Starlette, api: Api, services: Services, of_one: bool, drained: bool
) -> None:
    task_id = (await api.create())["id"]
    async with AsyncExitStack() as running:
        host = await running.enter_async_context(serving(app))
        events = follow(f"http://{host}", WATCH, {"taskId": task_id} if of_one else {})
        async with aclosing(events):
            seen = await begin(events, api, services, task_id, of_one=of_one)
            if drained:
                await drain(app)
            await running.aclose()
            await change(api, task_id)
            app.state.graphql.draining = False
            async with serving(app, port=int(host.partition(":")[2])):
                seen += await take(events, 2)
                await change(api, task_id)
                seen += await take(events, 2)
    assert [event["version"] for event in seen] == [*([1] if of_one else []), *range(2, 8)]


async def begin(
    events: AsyncGenerator[dict[str, Any], None], api: Api, services: Services, task_id: str, *, of_one: bool
) -> list[dict[str, Any]]:
    """The first events, two of them live."""
    first = asyncio.create_task(take(events, 1))

    async def stands() -> bool:
        return services.hub.watchers == 1

    await eventually(stands)
    seen = await first if of_one else []
    await change(api, task_id)
    return seen + ([] if of_one else await first) + await take(events, 2 if of_one else 1)


async def test_slow_reader_resumes_by_itself(
    url: str, api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUFFER", 10)
    many = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
    async with aclosing(follow(url, WATCH, {})) as events:
        first = asyncio.create_task(take(events, 1))

        async def stands() -> bool:
            return services.hub.watchers == 1

        await eventually(stands)
        for _ in range(3):
            await api.ask(many, inputs=[{"title": "A"}] * 50)
        ids = [event["taskId"] for event in [*await first, *await take(events, 149)]]
    assert len(set(ids)) == 150


async def test_progress_is_told_and_what_a_replay_repeats_is_not(
    url: str, api: Api, resources: Resources, services: Services
) -> None:
    task_id = (await api.create())["id"]
    async with resources.bus.subscribe(STATUS_CHANNEL) as messages, aclosing(follow(url, WATCH, {})) as events:
        first = asyncio.create_task(take(events, 1))

        async def stands() -> bool:
            return services.hub.watchers == 1

        await eventually(stands)
        await api.ask("mutation ($id: ID!) { cancelTask(id: $id) { id } }", id=task_id)
        message = await anext(messages)
        assert isinstance(message, bytes)
        await first
        event = decode(message)
        for fraction in (0.25, 0.25, 0.5):
            resources.bus.publish(STATUS_CHANNEL, [progress(event, fraction)])
        assert [one["progress"] for one in await take(events, 2)] == [0.25, 0.5]


def test_only_so_many_tasks_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TASKS_KEPT", 2)
    told = client._Told()

    def event(task_id: str, version: int) -> dict[str, Any]:
        shown = {"taskId": task_id, "version": version, "status": TaskStatus.PENDING.value}
        return json.loads(json.dumps(shown | {"progress": None, "message": None}))  # type: ignore[no-any-return]

    assert told.is_next(event("a", 1))
    assert told.is_next(event("b", 1))
    assert told.is_next(event("a", 2))
    assert told.is_next(event("c", 1))
    assert not told.is_next(event("a", 1))
    assert told.is_next(event("b", 1))
