"""Requests from many connections, ready-made, so that the load costs less than what it loads: an HTTP library takes
3 ms of CPU for each. What it sends to a peer it sends in the same way.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any, Final, Self

import httpx

PAYLOAD: Final = {"message": "Task complete"}
CREATE: Final = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }"
CREATE_SET: Final = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
SET: Final = 100


class Connection:
    """One kept open, with one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2])))

    async def send(self, request: bytes) -> bytes:
        """What it is answered with, which has to be a success."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        content = await self._reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
        assert head.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")), head + content
        assert b'"errors"' not in content, content
        return content

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def post(path: str, body: Any) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(content)}\r\n\r\n".encode() + content


def one(kind: str = "message") -> bytes:
    """A create over REST."""
    return post("/tasks", {"title": "Flood", "kind": kind, "payload": PAYLOAD})


def mutation(kind: str = "message") -> bytes:
    """A create over GraphQL."""
    task = {"title": "Flood", "kind": kind, "payload": PAYLOAD}
    return post("/graphql", {"query": CREATE, "variables": {"input": task}})


def a_set(kind: str = "message", size: int = SET) -> bytes:
    """Many creates in one call over GraphQL."""
    tasks = [{"title": "Flood", "kind": kind, "payload": PAYLOAD}] * size
    return post("/graphql", {"query": CREATE_SET, "variables": {"inputs": tasks}})


async def flood(url: str, request: bytes, count: int, at_once: int) -> tuple[float, float]:
    """Requests a second, and the milliseconds that the slowest took."""
    remaining = iter(range(count))
    began = time.perf_counter()
    slowest = await asyncio.gather(*(_keep_sending(url, request, remaining) for _ in range(at_once)))
    return count / (time.perf_counter() - began), 1000 * max(slowest)


async def _keep_sending(url: str, request: bytes, remaining: Iterator[int]) -> float:
    connection, slowest = await Connection.open(url), 0.0
    for _ in remaining:
        began = time.perf_counter()
        await connection.send(request)
        slowest = max(slowest, time.perf_counter() - began)
    await connection.close()
    return slowest


async def create_many(url: str, count: int, kind: str = "message", at_once: int = 8) -> float:
    """Tasks a second over GraphQL, a hundred in a call; `count` exactly."""
    began = time.perf_counter()
    if count >= SET:
        await flood(url, a_set(kind), count // SET, at_once)
    if count % SET:
        await flood(url, a_set(kind, count % SET), 1, 1)
    return count / (time.perf_counter() - began)


async def done(url: str) -> int:
    async with httpx.AsyncClient(timeout=30) as client:
        query = {"query": "{ tasks(first: 1, filter: {statuses: [DONE]}) { totalCount } }"}
        answer: dict[str, Any] = (await client.post(f"{url}/graphql", json=query)).json()
        return int(answer["data"]["tasks"]["totalCount"])


async def until_done(url: str, target: int) -> None:
    """Fails loudly when none ended for a minute."""
    ended, since = 0, time.monotonic()
    for _ in itertools.count():
        if (now := await done(url)) >= target:
            return
        if now > ended:
            ended, since = now, time.monotonic()
        if time.monotonic() - since > 60:
            raise SystemExit(f"{now} of {target} tasks ended, then none for a minute")
        await asyncio.sleep(0.05)
