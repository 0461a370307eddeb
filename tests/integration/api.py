"""The API as other programs see it: REST, GraphQL and its subscriptions, spoken with nothing of ours."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

ENDED: Final = {"DONE", "FAILED", "CANCELLED"}
WATCH: Final = """
subscription ($taskId: ID, $after: ID) {
  taskStatus(taskId: $taskId, after: $after) { id taskId status message attempt progress version updatedAt }
}
"""
CREATE: Final = """
mutation ($input: CreateTaskInput!) { createTask(input: $input) { created task { id status version } } }
"""
CREATE_MANY: Final = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } } }"


class Api:
    """A client of one address. Once `accepted` has an id, that task must come to an end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.accepted: list[str] = []
        self._http = httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=50))

    async def close(self) -> None:
        await self._http.aclose()

    async def graphql(self, query: str, **variables: Any) -> Any:
        response = await self._http.post("/graphql", json={"query": query, "variables": variables})
        response.raise_for_status()
        body = response.json()
        assert "errors" not in body, body
        return body["data"]

    async def create(self, **asked: Any) -> str:
        """Over GraphQL."""
        task: dict[str, Any] = (await self.graphql(CREATE, input={"title": "A task"} | asked))["createTask"]["task"]
        return str(task["id"])

    async def create_many(self, inputs: list[dict[str, Any]]) -> list[str]:
        answer = await self.graphql(CREATE_MANY, inputs=[{"title": "A task"} | one for one in inputs])
        return [task["id"] for task in answer["createTasks"]["tasks"]]

    async def post(self, **asked: Any) -> httpx.Response:
        """Over REST."""
        return await self._http.post("/tasks", json={"title": "A task"} | asked)

    async def get(self, path: str) -> Any:
        response = await self._http.get(path)
        response.raise_for_status()
        return response.json()

    async def insist(self, **asked: Any) -> str:
        """As a careful client: tries again with the same key until it has an answer."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        while True:
            try:
                response = await self._http.post("/tasks", json={"title": "A task"} | asked, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if response.status_code != 503:
                response.raise_for_status()
                self.accepted.append(str(response.json()["task_id"]))
                return self.accepted[-1]
            await asyncio.sleep(0.1)


@dataclass
class Watcher:
    """A subscriber of every task, who resumes with `after` whenever it is cut off."""

    url: str
    versions: dict[str, dict[int, str]] = field(default_factory=dict)
    ended_at: dict[str, float] = field(default_factory=dict)
    connections: int = 0
    out_of_order: list[Any] = field(default_factory=list)
    _after: str | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        while True:
            try:
                async for event in subscribe(self.url, WATCH, {"after": self._after}):
                    await self._note(event)
            except (OSError, ConnectionClosed, InvalidHandshake, Refused):
                pass
            self.connections += 1
            await asyncio.sleep(0.1)

    async def _note(self, event: dict[str, Any]) -> None:
        seen = self.versions.setdefault(event["taskId"], {})
        if event["version"] < max(seen, default=0) and event["version"] not in seen:
            self.out_of_order.append(event)
        seen[event["version"]] = event["status"]
        self._after = event["id"]
        if event["status"] in ENDED:
            self.ended_at.setdefault(event["taskId"], time.monotonic())
        async with self._changed:
            self._changed.notify_all()

    async def see_the_start_of(self, ids: list[str], count: int = 1, *, within: float) -> None:
        """Of so many of them, whichever."""
        async with asyncio.timeout(within), self._changed:
            while sum(2 in self.versions.get(one, ()) for one in ids) < count:
                await self._changed.wait()

    async def see_the_end_of(self, ids: list[str], *, within: float) -> None:
        try:
            async with asyncio.timeout(within), self._changed:
                while set(ids) - self.ended_at.keys():
                    await self._changed.wait()
        except TimeoutError:
            missing = sorted(set(ids) - self.ended_at.keys())
            seen = {one: self.versions.get(one) for one in missing[:10]}
            raise AssertionError(f"{len(missing)} of {len(ids)} tasks did not end within {within} s: {seen}") from None


class Refused(Exception):
    """The API answered a subscription with `error`."""


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watcher]:
    watcher = Watcher(url)
    task = asyncio.create_task(watcher.run())
    try:
        await _until_it_hears(watcher)
        yield watcher
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _until_it_hears(watcher: Watcher) -> None:
    """Nothing says that a subscription stands but what it brings."""
    client = Api(watcher.url)
    try:
        async with asyncio.timeout(20):
            while not watcher.versions:
                await client.create(queue="nobodys", title="Does the watcher hear?")
                await asyncio.sleep(0.1)
    finally:
        await client.close()


async def subscribe(url: str, query: str, variables: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """What `taskStatus` brings, until it completes."""
    target = f"ws{url.removeprefix('http')}/graphql"
    async with connect(target, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        asked = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
        async for frame in socket:
            message = json.loads(frame)
            match message["type"], message.get("id"):
                case "next", "1":
                    yield message["payload"]["data"]["taskStatus"]
                case "error", _:
                    raise Refused(message["payload"])
                case "complete", "1":
                    return
                case "ping", _:
                    await socket.send(json.dumps({"type": "pong"}))
