"""A client of graphql-transport-ws that says exactly what it is told to, right or wrong."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")


class Client:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, type: str, **message: object) -> None:
        await self.connection.send(json.dumps({"type": type, **message}))

    async def subscribe(self, id: str, query: str, **parameters: object) -> None:
        await self.send("subscribe", id=id, payload={"query": query, **parameters})

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def close_code(self) -> int | None:
        """The server's, once it has closed."""
        await self.connection.wait_closed()
        return self.connection.close_code


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Client]:
    async with connect(address, subprotocols=[PROTOCOL], max_queue=None) as connection:
        client = Client(connection)
        await client.send("connection_init")
        assert await client.next() == {"type": "connection_ack"}
        yield client
