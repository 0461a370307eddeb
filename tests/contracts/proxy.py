"""A TCP proxy that fails on command: it goes silent with its connections open, or away altogether."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

CHUNK: Final = 65_536


class Proxy:
    """Stands between a client and `url`; `proxy.url` is what the client is given."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.far_ports: set[int] = set()  # its own, of the connections to the target
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        login = self._target.netloc.rpartition("@")
        return urlunsplit(self._target._replace(netloc=f"{login[0]}{login[1]}127.0.0.1:{self._port}"))

    async def listen(self) -> None:
        """Come (back) up, on the port of the first time."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def freeze(self) -> None:
        """Half-open: what is connected stays so, new connections are taken, and no byte passes either way."""
        self._flows.clear()

    def thaw(self) -> None:
        """Bytes pass again, in new connections: those that were frozen are cut."""
        self._flows.set()
        self.cut()

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
            await self._join(reader, writer)
        self._connections.discard(task)
        writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        port = far_writer.get_extra_info("sockname")[1]
        self.far_ports.add(port)
        try:
            there = asyncio.create_task(self._pass(reader, far_writer))
            back = asyncio.create_task(self._pass(far_reader, writer))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.wait([there, back])
        finally:
            self.far_ports.discard(port)
            far_writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def open_proxy(url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(url)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.go_away()
