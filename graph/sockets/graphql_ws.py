"""graphql-transport-ws, and no other sub-protocol: Strawberry's handler, with what it gets wrong mended.

A frame that is no message closes the socket with 4400; whatever is wrong with one operation ends that operation alone.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, aclosing, nullcontext, suppress
from datetime import timedelta
from typing import Any, cast

from graphql import GraphQLError
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from starlette.websockets import WebSocketDisconnected as AlreadyClosed
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import PreExecutionError

from taskflow.graph.execution.access import Unauthenticated
from taskflow.graph.execution.errors import coded, mask
from taskflow.graph.execution.library import (
    ASGIWebSocketAdapter,
    BaseGraphQLTransportWSHandler,
    ConnectionInitMessage,
    Message,
    NonJsonMessageReceived,
    NonTextMessageReceived,
    Operation,
    WebSocketDisconnected,
)
from taskflow.graph.execution.parameters import NotARequest, Parameters
from taskflow.graph.execution.schema import Schema
from taskflow.graph.http.security import is_welcome
from taskflow.graph.http.tracing import keep_traceparent
from taskflow.infra.wire import NotJson, decode_json, encode_json

INIT_WAIT = timedelta(seconds=10)
DRAIN_WAIT = timedelta(seconds=1)
MAX_OPERATIONS = 100  # of one connection at a time: each holds a queue, and a dashboard page needs three
MAX_SOCKETS = 10_000  # of one process
MAX_REASON = 123  # bytes that a close frame has room for
FORBIDDEN = 4403

End = Callable[[], Coroutine[Any, Any, None]]
Enter = Callable[[WebSocket, bytes | None, End], AbstractContextManager[None]]
"""Held while a connection is open: what it takes is the token that came, and how to end the connection.

Raises Unauthenticated.
"""


class Socket(ASGIWebSocketAdapter):
    """Text frames with strict JSON in them."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        while self.ws.application_state is WebSocketState.CONNECTED:
            frame = await self.ws.receive()
            if frame["type"] == "websocket.disconnect":
                return
            if frame.get("text") is None:
                raise NonTextMessageReceived
            try:
                message = decode_json(frame["text"])
            except NotJson as error:
                raise NonJsonMessageReceived from error
            yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        await self.send_text(encode_json(message).decode())

    async def send_text(self, text: str) -> None:
        try:
            await self.ws.send_text(text)
        except (WebSocketDisconnect, AlreadyClosed) as gone:
            raise WebSocketDisconnected from gone

    async def close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, AlreadyClosed):
            await self.ws.close(code, reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore"))


def fault(message: object) -> str | None:
    """Why this is no message of the protocol; None when it is one."""
    match message:
        case {"type": "subscribe", "id": str(id), "payload": payload} if id:
            try:
                Parameters.of(payload)
            except NotARequest as error:
                return str(error)
        case {"type": "complete", "id": str()}:
            pass
        case {"type": "connection_init" | "ping" | "pong", **rest} if isinstance(rest.get("payload"), dict | None):
            pass
        case _:
            return "Not a message of graphql-transport-ws"
    return None


class Handler(BaseGraphQLTransportWSHandler[Any, None]):
    """One connection."""

    view: "WebSocketHalf"
    websocket: Socket
    schema: Schema

    async def handle(self) -> None:
        sockets = self.view.sockets
        if self.view.draining or len(sockets) >= MAX_SOCKETS:
            await self.websocket.close(1013, "Try again later")
            return
        sockets.add(self.websocket)
        try:
            with ExitStack() as self._entered:
                await super().handle()
        finally:
            sockets.discard(self.websocket)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        if not self.connection_init_received:
            token = (message.get("payload") or {}).get("token")
            secret = token.encode(errors="replace") if isinstance(token, str) else None
            try:
                self._entered.enter_context(self.view.enter(self.websocket.ws, secret, self._end))
            except Unauthenticated as error:
                await self.websocket.close(FORBIDDEN, str(error))
                return
        await super().handle_connection_init(message)

    async def _end(self) -> None:
        for operation_id in [*self.operations]:
            await self.cleanup_operation(operation_id)
        await self.websocket.close(FORBIDDEN, "The token was withdrawn, or may do less than before")

    async def handle_message(self, message: Message) -> None:
        if problem := fault(message):
            await self.handle_invalid_message(problem)
        else:  # a payload that is null is an absent one to the protocol, but not to Strawberry
            if message["type"] == "connection_init":
                keep_traceparent(self.websocket.ws, message.get("payload"))
            await super().handle_message(cast(Message, {k: v for k, v in message.items() if v is not None}))

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Answer to the end; cancelled when the client completes the operation or is gone."""
        try:
            await self._answer(operation)
        except WebSocketDisconnected:
            pass
        except Exception as error:  # noqa: BLE001 - unanswered, the client would wait for ever
            await operation.send_initial_errors([mask(error)])

    async def _answer(self, operation: Operation[Any, None]) -> None:
        if len(self.operations) > MAX_OPERATIONS:
            raise coded(GraphQLError(f"A connection runs at most {MAX_OPERATIONS} operations at a time."))
        results = await self.schema.stream(
            operation.query,
            operation.variables,
            self.view.context(self.websocket.ws),
            operation_name=operation.operation_name,
        )
        head = encode_json({"id": operation.id, "type": "next"}).decode()[:-1]
        async with aclosing(results):
            async for result in results:
                if isinstance(result, PreExecutionError):
                    await operation.send_initial_errors(result.errors or [])
                    return
                await self.websocket.send_text(f'{head},"payload":{result.text}}}')
        await operation.send_operation_message({"id": operation.id, "type": "complete"})


class WebSocketHalf(GraphQL[Any, None]):
    """What a connection needs to know of the application that it belongs to."""

    schema: Schema
    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = Handler

    def __init__(
        self,
        schema: Schema,
        context: Callable[[HTTPConnection], Any],
        allowed_origins: Sequence[str] = (),
        enter: Enter = lambda *_: nullcontext(),
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=INIT_WAIT,
            max_subscriptions_per_connection=None,  # the handler counts, and its error has a code
            allowed_origins=allowed_origins,
        )
        self.context = context
        self.enter = enter
        self.sockets: set[Socket] = set()
        self.draining = False

    def _check_websocket_origin(self, request: Any) -> bool:
        return is_welcome(request.headers, self.allowed_origins)

    async def get_context(self, request: Any, response: Any) -> None:
        """Nothing for a whole connection: each operation gets a context of its own."""

    async def drain(self) -> None:
        """Close every socket with 1012, upon which clients connect again, and shed what comes with 1013."""
        self.draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_WAIT.total_seconds()):
                await asyncio.gather(*(socket.close(1012, "Service restart") for socket in self.sockets))
