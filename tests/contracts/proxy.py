"""A TCP proxy that fails on command: its connections are slow or go silent, or it is away altogether. It can speak TLS
in front.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

CHUNK: Final = 65_536


class Proxy:
    """Stands between a client and `url`; `proxy.url` is what the client is given."""

    def __init__(self, url: str, context: ssl.SSLContext | None) -> None:
        self.far_ports: set[int] = set()  # its own, of the connections to the target
        self.delay = 0.0  # seconds that each chunk is held up, in either direction
        self._target = urlsplit(url)
        self._context = context
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        login, at, _ = self._target.netloc.rpartition("@")
        scheme = self._target.scheme + ("s" if self._context else "")
        return self._target._replace(scheme=scheme, netloc=f"{login}{at}127.0.0.1:{self._port}").geturl()

    async def listen(self) -> None:
        """Come (back) up, on the port of the first time."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._context)
        self._port = self._server.sockets[0].getsockname()[1]

    def silence(self) -> None:
        """Half-open: no byte passes through the present connections any more, and nobody is told. New ones work."""
        self._flows.clear()
        self._flows = asyncio.Event()
        self._flows.set()

    def freeze(self) -> None:
        """Half-open, and new connections are taken but as silent as the present ones, until `thaw`."""
        self.silence()
        self._flows.clear()

    def thaw(self) -> None:
        self._flows.set()

    def cut(self) -> None:
        for connection in self._connections:
            connection.cancel()

    async def go_away(self) -> None:
        """Cut every connection and refuse new ones, until `listen`."""
        assert self._server
        self._server.close()
        self.cut()
        if self._connections:
            await asyncio.wait(self._connections)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await self._join(reader, writer, self._flows)
        self._connections.discard(task)
        writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event) -> None:
        await flows.wait()
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        port = far_writer.get_extra_info("sockname")[1]
        self.far_ports.add(port)
        there = asyncio.create_task(self._pass(reader, far_writer, flows))
        back = asyncio.create_task(self._pass(far_reader, writer, flows))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        finally:
            there.cancel()
            back.cancel()
            self.far_ports.discard(port)
            far_writer.transport.abort()
            await asyncio.wait([there, back])

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await flows.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def open_proxy(url: str, context: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy(url, context)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.go_away()
