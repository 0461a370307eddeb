"""One connection of graphql-transport-ws, on which any number of operations run. Knows nothing of tasks."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from taskflow.client.address import Address
from taskflow.client.answers import error_of, read, refused_token
from taskflow.client.proxy import bypasses_proxy
from taskflow.infra.errors import CallError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

OPEN_WAIT: Final = 5.0
"""Seconds for a connection to be made and acknowledged."""
FRAME_MAX: Final = 1 << 24
FORBIDDEN: Final = 4403


class Broken(Exception):
    """There is no connection, or none any more. Its text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """To the operation `id`: `data`, or the `error` that ended it, or neither when it is complete."""

    id: str
    data: dict[str, Any] | None = None
    error: CallError | None = None


class Socket:
    def __init__(self, connection: "ClientConnection") -> None:
        self._connection = connection

    async def subscribe(self, operation_id: str, query: str, variables: dict[str, Any]) -> None:
        """Raises Broken, as every method does."""
        await self.send({"id": operation_id, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def complete(self, operation_id: str) -> None:
        """No answer to this one is wanted any more."""
        await self.send({"id": operation_id, "type": "complete"})

    async def send(self, message: dict[str, Any]) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(json.dumps(message))
        except ConnectionClosed as error:
            raise _why(error) from None

    async def receive(self) -> dict[str, Any]:
        from websockets.exceptions import ConnectionClosed

        try:
            message: dict[str, Any] = json.loads(await self._connection.recv())
        except ConnectionClosed as error:
            raise _why(error) from None
        except ValueError as error:
            raise Broken("a frame is not JSON") from error
        return message

    async def answers(self) -> AsyncGenerator[Answer, None]:
        """For as long as the connection lasts. Raises Broken, and Unauthorized when the token is withdrawn."""
        while True:
            message = await self.receive()
            match message.get("type"):
                case "next":
                    yield _next(message["id"], message["payload"])
                case "error":
                    yield Answer(message["id"], error=error_of(message["payload"]))
                case "complete":
                    yield Answer(message["id"])
                case "ping":
                    await self.send({"type": "pong"})


def _next(operation_id: str, payload: dict[str, Any]) -> Answer:
    try:
        return Answer(operation_id, data=read(payload))
    except CallError as error:
        return Answer(operation_id, error=error)


def _why(error: Any) -> Exception:
    """Of a connection that the other side closed, or that was lost."""
    received = error.rcvd
    if received and received.code == FORBIDDEN:
        return refused_token(received.reason or "The token is missing or unknown")
    return Broken(str(error))


@asynccontextmanager
async def open_socket(address: Address) -> AsyncIterator[Socket]:
    """Connected and acknowledged. Raises Broken, and Unauthorized for a token that is not taken."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidURI
    from websockets.typing import Subprotocol

    options: dict[str, Any] = {"proxy": None} if bypasses_proxy(address) else {}
    headers = {"Authorization": f"Bearer {address.token}"} if address.token else {}
    opening = connect(
        address.websocket,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=headers,
        open_timeout=OPEN_WAIT,
        max_size=FRAME_MAX,
        compression=None,
        **options,
    )
    try:
        connection = await opening
    except (OSError, ValueError, ImportError, InvalidHandshake, InvalidURI, InvalidProxy) as error:
        raise Broken(str(error) or type(error).__name__) from None
    async with connection:
        socket = Socket(connection)
        await _begin(socket, address)
        yield socket


async def _begin(socket: Socket, address: Address) -> None:
    hello = {"type": "connection_init"}
    await socket.send(hello | {"payload": {"token": address.token}} if address.token else hello)
    try:
        async with asyncio.timeout(OPEN_WAIT):
            while (await socket.receive()).get("type") != "connection_ack":
                pass
    except TimeoutError:
        raise Broken("the connection is not acknowledged") from None
