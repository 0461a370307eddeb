"""How many frames a second reach 200 watchers of the same changes. Each watcher has to get every one of them.

The watchers are as cheap as can be: they count frames, and read none. Changes come in small sets: the next is caused
once no more than one set is under way, so that the server is never idle, and nobody's queue overflows.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final, Self, cast

import redis.asyncio as redis

from tests.performance.drains import Figures
from tests.performance.load import a_set
from tests.performance.ours import api, migrate, worker
from tests.performance.processes import cpu
from tests.performance.rest import connected
from tests.performance.stage import Stage, fresh
from tests.performance.theirs import served

WATCHERS: Final = 200
TASKS: Final = 100
CHANGES: Final = 3
"""Of a task: it is PENDING, PROCESSING, DONE."""
EVENTS: Final = TASKS * CHANGES
SILENCE: Final = 30.0
TEXT: Final = 1
HANDSHAKE: Final = (
    "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
Cause = Callable[[], Awaitable[None]]
"""One set of changes: `EVENTS` of them."""


def frame(kind: int, content: bytes) -> bytes:
    """From a client, whose frames are masked: with zeros, which leave the content as it is. RFC 6455, section 5.2."""
    size = bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + len(content).to_bytes(2, "big")
    return bytes([0x80 | kind]) + size + bytes(4) + content


class Watcher(asyncio.Protocol):
    """Says each of `messages` once the server has answered what was before, then counts."""

    def __init__(self, path: str, protocol: str | None, messages: Sequence[str]) -> None:
        self.received = 0
        self.refusal = ""
        self.ready = asyncio.Event()
        self._path, self._protocol = path, protocol
        self._messages = list(messages)
        self._rest = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, url: str, path: str, protocol: str | None, messages: Sequence[str]) -> Self:
        loop, port = asyncio.get_running_loop(), int(url.rpartition(":")[2])
        _, watcher = await loop.create_connection(lambda: cls(path, protocol, messages), "127.0.0.1", port)
        await asyncio.wait_for(watcher.ready.wait(), SILENCE)
        return watcher

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        offer = f"sec-websocket-protocol: {self._protocol}\r\n" if self._protocol else ""
        self.write(f"{HANDSHAKE.format(path=self._path)}{offer}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at = 0
        if not self._is_open:
            if (end := data.find(b"\r\n\r\n")) < 0:
                self._rest = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data
            self._is_open, at = True, end + 4
            self._say_next()
        self._rest = data[self._count(data, at) :]

    def _count(self, data: bytes, at: int) -> int:
        """Where the first frame begins that is not whole."""
        end = len(data)
        while end - at >= 4:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = data[at + 2] << 8 | data[at + 3], at + 4
            if end - start < size:
                break
            if data[at] & 15 == TEXT and self.ready.is_set():
                self.received += 1
            else:
                self._answer(data[at] & 15, data[start : start + size])
            at = start + size
        return at

    def _answer(self, kind: int, content: bytes) -> None:
        if kind == TEXT:
            self._say_next()
        elif kind == 9:
            self.write(frame(10, content))
        else:
            self.refusal = f"a watcher was sent a frame of kind {kind}: {content!r}"

    def _say_next(self) -> None:
        if self._messages:
            self.write(frame(TEXT, self._messages.pop(0).encode()))
        if not self._messages:
            self.ready.set()

    def write(self, data: bytes) -> None:
        assert self._transport
        self._transport.write(data)

    def close(self) -> None:
        if self._transport:
            self._transport.abort()


async def until_received(watchers: list[Watcher], expected: int) -> None:
    """By each of them. Raises SystemExit when one was cut off, or nothing came for a while."""
    seen, since = 0, time.monotonic()
    while min(one.received for one in watchers) < expected:
        if (now := sum(one.received for one in watchers)) > seen:
            seen, since = now, time.monotonic()
        if (refusal := "".join(one.refusal for one in watchers)) or time.monotonic() - since > SILENCE:
            raise SystemExit(refusal or f"{seen} frames came to {len(watchers)} watchers, of {expected} to each")
        await asyncio.sleep(0.005)


async def measure(watchers: list[Watcher], cause: Cause, sets: int, pid: int) -> Figures:
    await asyncio.sleep(1)  # a subscription is not confirmed
    await cause()
    await until_received(watchers, EVENTS)
    began, before = time.perf_counter(), cpu(pid)
    first = sum(one.received for one in watchers)
    for number in range(1, sets + 1):
        await cause()
        await until_received(watchers, EVENTS * number)
    await until_received(watchers, EVENTS * (sets + 1))
    count = sum(one.received for one in watchers) - first
    return {"frames/s": count / (time.perf_counter() - began), "CPU ms": (cpu(pid) - before) / count}


async def all_watch(stack: AsyncExitStack, url: str, path: str, scripts: list[list[str]]) -> list[Watcher]:
    protocol = "graphql-transport-ws" if path == "/graphql" else None
    watchers = []
    for messages in scripts:
        watchers.append(await Watcher.connect(url, path, protocol, messages))
        stack.callback(watchers[-1].close)
    return watchers


async def ours(stage: Stage, documents: list[str], full: int) -> Figures:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fresh(stage))
        migrate(stage)
        url, process = await stack.enter_async_context(api(stage))
        stack.enter_context(worker(stage))
        scripts = [
            [
                json.dumps({"type": "connection_init"}),
                json.dumps({"id": "1", "type": "subscribe", "payload": {"query": one}}),
            ]
            for one in documents
        ]
        watchers = await all_watch(stack, url, "/graphql", scripts)

        async def cause() -> None:
            async with connected(url) as connection:  # one that is kept is closed where a set takes seconds
                await connection.send(a_set("trivial", TASKS))

        return await measure(watchers, cause, stage.count(full, 2), process.pid)


async def same(stage: Stage) -> Figures:
    return await ours(stage, ["subscription { taskStatus { taskId status } }"] * WATCHERS, 20)


async def different(stage: Stage) -> Figures:
    documents = [f"subscription {{ taskStatus {{ taskId status_{one}: status }} }}" for one in range(WATCHERS)]
    return await ours(stage, documents, 4)


async def broadcast(stage: Stage) -> Figures:
    numbers = itertools.count()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fresh(stage))
        url, process = await stack.enter_async_context(served(stage, "broadcast", "/healthz"))
        bus = await stack.enter_async_context(redis.from_url(stage.redis))
        watchers = await all_watch(stack, url, "/ws", [[]] * WATCHERS)

        async def cause() -> None:
            async with bus.pipeline(transaction=False) as pipeline:
                for _ in range(EVENTS):
                    event = {"task_id": f"{next(numbers):036}", "status": "PROCESSING"}
                    pipeline.publish("bench.broadcast", json.dumps(event))
                await pipeline.execute()

        return await measure(watchers, cause, stage.count(20, 2), process.pid)
