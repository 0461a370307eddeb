"""Watching changes over a WebSocket: how long one takes to arrive, from its cause on."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.performance.load import CREATE, PAYLOAD, Connection, one

WATCH: Final = "subscription { taskStatus { taskId status } }"
Create = Callable[[], Awaitable[str]]
"""A task, told by its id."""
Hear = Callable[[], Awaitable[tuple[str, str]]]
"""The next change: a task's id and status."""


@contextlib.asynccontextmanager
async def subscribed(url: str) -> AsyncIterator[ClientConnection]:
    target = "ws" + url.removeprefix("http") + "/graphql"
    async with connect(target, subprotocols=[Subprotocol("graphql-transport-ws")], max_queue=None) as connection:
        await connection.send(json.dumps({"type": "connection_init"}))
        await connection.recv()
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": WATCH}}))
        yield connection


async def time_each(create: Create, hear: Hear, count: int) -> list[float]:
    """Milliseconds from before a create until its DONE is heard of, one at a time."""
    found = []
    await asyncio.sleep(0.5)  # a subscription is not confirmed
    for _ in range(count):
        began = time.perf_counter()
        task_id = await create()
        while await asyncio.wait_for(hear(), 30) != (task_id, "DONE"):
            pass
        found.append((time.perf_counter() - began) * 1000)
    return found


def hears(events: ClientConnection) -> Hear:
    async def hear() -> tuple[str, str]:
        event = json.loads(await events.recv())["payload"]["data"]["taskStatus"]
        return event["taskId"], event["status"]

    return hear


def creates(connection: Connection) -> Create:
    async def create() -> str:
        return str(json.loads(await connection.send(one()))["task_id"])

    return create


async def latencies(url: str, count: int) -> list[float]:
    """With GraphQL and an HTTP library, as a program of Python would."""
    async with subscribed(url) as events, httpx.AsyncClient() as client:

        async def create() -> str:
            body = {"query": CREATE, "variables": {"input": {"title": "At rest", "payload": PAYLOAD}}}
            answer = (await client.post(f"{url}/graphql", json=body)).json()
            return str(answer["data"]["createTask"]["task"]["id"])

        return await time_each(create, hears(events), count)
