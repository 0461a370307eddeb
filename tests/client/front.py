"""What stands before the application in these tests: it counts, and fails as it is told."""

from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Front:
    """`sockets` were opened so far, `operations` are the GraphQL documents that came over HTTP, `tokens` what
    was shown.

    While `blocked`, WebSockets are answered 403; `status` is what every request is answered. `before_answer` is called
    once, when the next request has been carried out and nobody has heard of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.sockets = 0
        self.operations: list[str] = []
        self.tokens: set[str | None] = set()
        self.refused = 0
        self.blocked = False
        self.status: int | None = None
        self.before_answer: Callable[[], None] | None = None
        self._app = app

    def count(self, name: str) -> int:
        """Requests of that field so far."""
        return sum(name in operation for operation in self.operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.tokens.add(dict(scope["headers"]).get(b"authorization", b"").decode() or None)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif self.status is not None:
            self.refused += 1
            await send({"type": "http.response.start", "status": self.status, "headers": []})
            await send({"type": "http.response.body", "body": b"try again"})
        else:
            await self._request(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.blocked or self.status is not None:
            self.refused += 1
            await receive()
            await send({"type": "websocket.close"})  # before it is accepted: uvicorn answers 403
            return
        self.sockets += 1
        await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def heard() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                self._note(bytes(body))
            return message

        async def told(message: Message) -> None:
            before, self.before_answer = self.before_answer, None
            if before:
                before()
            await send(message)

        await self._app(scope, heard, told)

    def _note(self, body: bytes) -> None:
        asked: dict[str, Any] = orjson.loads(body)
        self.operations.append(asked["query"])
