"""The API as the command line uses it: GraphQL over HTTP and graphql-transport-ws. Works from any machine."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

TIMEOUT: Final = 30.0
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 5.0
TASKS_KEPT: Final = 10_000
"""Whose latest event is remembered, so that what a replay repeats is not told twice."""


class ClientError(Exception):
    """The API said no, or was not there. Its text is one line."""


async def execute(url: str, query: str, variables: dict[str, Any]) -> Any:
    """The operation's data. Raises ClientError."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            response = await client.post(f"{url}/graphql", json={"query": query, "variables": variables})
            errors, data = _read_answer(response.json())
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ClientError(f"TASKFLOW_URL: {url} does not answer ({error or type(error).__name__})") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ClientError(f"TASKFLOW_URL: what answers at {url} is not TaskFlow") from error
    if errors:
        raise ClientError("; ".join(errors))
    return data


def _read_answer(body: Any) -> tuple[list[str], Any]:
    """Raises what comes of reading something else."""
    errors = [str(one["message"]) for one in body.get("errors", ())]
    return errors, {} if errors else dict(body["data"])


async def follow(url: str, query: str, variables: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    """The events of `taskStatus`, for ever. Connects again when the connection breaks, and resumes after the last one.

    Raises ClientError when the first connection fails, or the API refuses the subscription.
    """
    told = _Told()
    connected, wait = False, FIRST_WAIT
    while True:
        try:
            async with aclosing(_subscribe(url, query, variables)) as answers:
                async for data in answers:
                    connected, wait, event = True, FIRST_WAIT, data["taskStatus"]
                    variables = variables | {"after": event["id"]}
                    if told.is_next(event):
                        yield event
        except (OSError, ValueError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
            if not connected:
                raise ClientError(f"TASKFLOW_URL: {url} does not answer ({error or type(error).__name__})") from error
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


class _Told:
    """The latest event of each task."""

    def __init__(self) -> None:
        self._events: dict[str, tuple[int, Any, Any]] = {}

    def is_next(self, event: dict[str, Any]) -> bool:
        """A newer version, or other progress of the same; it is then taken to be told."""
        latest = event["version"], event["progress"], event["message"]
        had = self._events.get(event["taskId"], (-1, None, None))
        if latest[0] < had[0] or (latest[0] == had[0] and (event["progress"] is None or latest == had)):
            return False
        self._events.pop(event["taskId"], None)
        self._events[event["taskId"]] = latest
        if len(self._events) > TASKS_KEPT:
            del self._events[next(iter(self._events))]
        return True


async def _subscribe(url: str, query: str, variables: dict[str, Any]) -> AsyncGenerator[Any, None]:
    """The data of each `next`, to `complete`. Raises ClientError for `error`, and what websockets raises."""
    target = "ws" + url.removeprefix("http") + "/graphql"
    async with connect(target, subprotocols=[Subprotocol("graphql-transport-ws")], open_timeout=10) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        async for frame in socket:
            message = json.loads(frame)
            match message["type"]:
                case "connection_ack":
                    payload = {"query": query, "variables": variables}
                    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                case "next":
                    _raise_unless_lagged(message["payload"].get("errors", ()))
                    yield message["payload"]["data"]
                case "error":
                    _raise_unless_lagged(message["payload"])
                    return
                case "complete":
                    return
                case "ping":
                    await socket.send(json.dumps({"type": "pong"}))


def _raise_unless_lagged(errors: Iterable[dict[str, Any]]) -> None:
    """Who was too slow subscribes again, and gets what it missed."""
    if any((one.get("extensions") or {}).get("code") != "LAGGED" for one in errors):
        raise ClientError("; ".join(str(one["message"]) for one in errors))
