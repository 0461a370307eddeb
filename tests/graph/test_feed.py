"""`/ws`: every status change of every task as the bus's JSON; and how it ends."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.websockets import WebSocket, WebSocketDisconnected
from websockets.asyncio.client import ClientConnection, connect

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.graph.app import drain
from taskflow.graph.services import Services
from taskflow.graph.sockets import feed as ws
from taskflow.graph.sockets import graphql_ws as ws_protocol
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.serve import serving


async def subscribed(services: Services, count: int) -> None:
    async def there() -> bool:
        return services.hub.watchers == count == len(services.feeds)

    await eventually(there)


async def frame(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        text = await socket.recv()
    assert isinstance(text, str)
    value: dict[str, Any] = json.loads(text)
    return value


async def test_frame_is_the_documented_json(app: Starlette, api: Api, services: Services) -> None:
    async with serving(app) as host, connect(f"ws://{host}/ws") as socket:
        await subscribed(services, 1)
        task = await api.create("Watched", kind="k", queue="q")
        sent = await frame(socket)
        await api.ask("mutation ($id: ID!) { cancelTask(id: $id) { id } }", id=task["id"])
        cancelled = await frame(socket)
    event_id = sent.pop("event_id")
    assert sent == {
        "task_id": task["id"],
        "status": "PENDING",
        "updated_at": task["createdAt"],
        "created_at": task["createdAt"],
        "message": None,
        "version": 1,
        "attempt": 0,
        "title": "Watched",
        "kind": "k",
        "queue": "q",
        "progress": None,
    }
    assert [cancelled["status"], cancelled["message"], cancelled["version"]] == ["CANCELLED", "Cancelled", 2]
    assert int(cancelled["event_id"]) > int(event_id)
    assert datetime.fromisoformat(cancelled["updated_at"]) <= datetime.now(UTC)


@pytest.mark.usefixtures("worker")
async def test_each_status_of_a_task_that_runs_is_a_frame(app: Starlette, api: Api, services: Services) -> None:
    async with serving(app) as host, connect(f"ws://{host}/ws") as socket:
        await subscribed(services, 1)
        await api.create(payload={"message": "Task complete"})
        frames = [await frame(socket) for _ in range(3)]
    assert [one["status"] for one in frames] == ["PENDING", "PROCESSING", "DONE"]
    assert frames[-1]["message"] == "Task complete"


async def test_what_a_client_sends_is_ignored(app: Starlette, api: Api, services: Services) -> None:
    async with serving(app) as host, connect(f"ws://{host}/ws") as socket:
        await subscribed(services, 1)
        for message in ("{", b"\xff", "x" * 100_000, ""):
            await socket.send(message)
        await api.create()
        assert (await frame(socket))["version"] == 1


async def test_nothing_is_left_of_who_goes_or_is_cut_off(app: Starlette, services: Services) -> None:
    async with serving(app) as host:
        async with connect(f"ws://{host}/ws"), connect(f"ws://{host}/ws") as other:
            await subscribed(services, 2)
            other.transport.abort()
            await subscribed(services, 1)
        await subscribed(services, 0)


async def test_client_that_answered_no_ping_is_gone_without_an_error(
    app: Starlette, api: Api, services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def closed(self: WebSocket, text: str) -> None:
        raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")

    monkeypatch.setattr(WebSocket, "send_text", closed)
    async with serving(app) as host, connect(f"ws://{host}/ws"):
        await subscribed(services, 1)
        await api.create()

        async def left() -> bool:
            return services.hub.watchers == 0

        await eventually(left)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_drain_closes_with_1012_and_later_ones_are_shed_with_1013(app: Starlette, services: Services) -> None:
    async with serving(app) as host, connect(f"ws://{host}/ws") as socket:
        await subscribed(services, 1)
        await drain(app)
        await socket.wait_closed()
        assert socket.close_code == 1012
        async with connect(f"ws://{host}/ws") as late:
            await late.wait_closed()
            assert late.close_code == 1013


async def test_drain_does_not_wait_for_who_does_not_read(
    app: Starlette, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck:
        async def close(self, code: int, reason: str) -> None:
            await asyncio.Event().wait()

    class Gone:
        async def close(self, code: int, reason: str) -> None:
            raise WebSocketDisconnected

    monkeypatch.setattr(ws, "DRAIN_WAIT", ws_protocol.DRAIN_WAIT / 20)
    services.feeds.update([Stuck(), Gone()])  # type: ignore[list-item]
    async with asyncio.timeout(5):
        await drain(app)


async def test_feed_that_can_not_begin_says_to_try_again(
    app: Starlette, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: object) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(queries, "last_event_id", away)
    async with serving(app) as host, connect(f"ws://{host}/ws") as socket:
        await socket.wait_closed()
        assert socket.close_code == 1013
    assert services.hub.watchers == 0
