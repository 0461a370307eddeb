"""Both sockets: who may open one, what a role may do on it, and what becomes of it when its token is withdrawn."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from taskflow.graph.execution.access import Role, Viewer
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from taskflow.infra.background import in_background
from taskflow.infra.settings import Settings
from taskflow.infra.tokens import parse_tokens
from tests.contracts.waiting import eventually
from tests.graph.client import PROTOCOL, Client
from tests.graph.serve import serving
from tests.graph.test_doors import CREATE, SECRETS, TWO

WATCH = "subscription { taskStatus { id } }"
ACK = {"type": "connection_ack"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(" ".join(f"{role}:{role}:{secret}" for role, secret in SECRETS.items()))
    return path


@pytest.fixture
def settings(settings: Settings, file: Path) -> Settings:
    return settings.model_copy(update={"api_tokens_file": file})


@pytest.fixture
async def host(app: Starlette) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


async def opened(host: str, payload: object) -> Client:
    client = Client(await connect(f"ws://{host}/graphql", subprotocols=[PROTOCOL]))
    await client.send("connection_init", **({} if payload is None else {"payload": payload}))
    return client


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"token": None}, {"token": ""}, {"token": 1}, {"token": f"{SECRETS['admin']}x"}, {"token": "é"}],
    ids=str,
)
async def test_a_graphql_socket_without_a_token_is_closed_with_4403(host: str, payload: dict[str, Any] | None) -> None:
    client = await opened(host, payload)
    assert await client.close_code() == 4403
    assert client.connection.close_reason == "This takes a token: it is missing or unknown"


async def test_a_header_or_an_address_does_not_open_a_graphql_socket(host: str) -> None:
    headers = {"authorization": f"Bearer {SECRETS['admin']}"}
    address = f"ws://{host}/graphql?token={SECRETS['admin']}"
    async with connect(address, subprotocols=[PROTOCOL], additional_headers=headers) as connection:
        client = Client(connection)
        await client.subscribe("1", CREATE)
        assert await client.close_code() == 4401  # it asks before it has begun
    async with connect(address, subprotocols=[PROTOCOL], additional_headers=headers) as connection:
        client = Client(connection)
        await client.send("connection_init")
        assert await client.close_code() == 4403


@pytest.mark.parametrize("role", SECRETS)
@pytest.mark.parametrize("query", [CREATE, TWO])
async def test_roles_hold_on_a_socket_too(host: str, role: str, query: str) -> None:
    client = await opened(host, {"token": SECRETS[role]})
    assert await client.next() == ACK
    await client.subscribe("1", "{ stats { total } }")
    assert "errors" not in (await client.next())["payload"]
    assert (await client.next())["type"] == "complete"
    await client.subscribe("2", query)
    payload = (await client.next())["payload"]
    codes = [error["extensions"]["code"] for error in payload.get("errors", ())]
    assert codes == (["FORBIDDEN"] if role == "viewer" else [])
    await client.connection.close()


async def feed(host: str, query: str = "", **options: Any) -> ClientConnection:
    return await connect(f"ws://{host}/ws{query}", **options)


def offering(*protocols: str) -> dict[str, Any]:
    return {"subprotocols": [Subprotocol(one) for one in protocols]}


VIEWER = SECRETS["viewer"]
WAYS: dict[str, Callable[[str], Awaitable[ClientConnection]]] = {
    "sub-protocol": lambda host: feed(host, **offering("taskflow", f"token.{VIEWER}")),
    "address": lambda host: feed(host, f"?token={VIEWER}"),
    "both": lambda host: feed(host, f"?token={VIEWER}", **offering("taskflow")),
    "header": lambda host: feed(host, additional_headers={"authorization": f"Bearer {VIEWER}"}),
}


@pytest.mark.parametrize("way", WAYS)
async def test_the_feed_opens_by_a_token_and_selects_the_sub_protocol_that_is_ours(
    host: str, services: Services, way: str
) -> None:
    connection = await WAYS[way](host)
    assert connection.subprotocol == ("taskflow" if way in {"sub-protocol", "both"} else None)

    async def is_fed() -> bool:
        return len(services.feeds) == 1

    await eventually(is_fed)
    await connection.close()


@pytest.mark.parametrize("query", ["", "?token=", f"?token={VIEWER}x", "?token=%ff&token=x"])
async def test_who_has_no_token_is_refused_before_the_upgrade(host: str, services: Services, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await feed(host, query)
    response = refused.value.response
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="taskflow"')
    assert not services.feeds


@pytest.mark.parametrize("protocols", [("taskflow",), ("taskflow", f"token.{VIEWER}x"), ("taskflow", "token.")])
async def test_who_speaks_our_sub_protocol_is_told_after_the_upgrade(host: str, protocols: tuple[str, ...]) -> None:
    connection = await feed(host, **offering(*protocols))
    assert connection.subprotocol == "taskflow"
    with pytest.raises(ConnectionClosed):
        await connection.recv()
    assert connection.close_code == 4401


async def test_an_unknown_socket_is_closed_to_strangers_like_a_known_one(host: str) -> None:
    with pytest.raises(InvalidStatus, match="401"):
        await connect(f"ws://{host}/none")


@pytest.mark.parametrize("left", ["viewer:viewer:another-0123456789", "boss:viewer:{operator}"], ids=["none", "less"])
async def test_a_withdrawn_token_closes_its_sockets(app: Starlette, file: Path, left: str) -> None:
    """And nobody else's."""
    async with serving(app) as host:
        watching, other = [await opened(host, {"token": SECRETS[role]}) for role in ("operator", "admin")]
        for client in (watching, other):
            assert await client.next() == ACK
            await client.subscribe("1", WATCH)
        fed = await feed(host, f"?token={SECRETS['operator']}")
        began = asyncio.get_running_loop().time()
        changed = f"{left.format(**SECRETS)} admin:admin:{SECRETS['admin']}"
        await asyncio.to_thread(file.write_text, changed)
        assert await watching.close_code() == 4403
        await fed.wait_closed()
        assert fed.close_code == 4401
        assert asyncio.get_running_loop().time() - began < 10
        await other.subscribe("2", CREATE)
        assert {(await other.next())["id"] for _ in range(2)} <= {"1", "2"}
        await other.connection.close()


async def test_a_withdrawn_token_ends_its_subscriptions_though_its_client_does_not_read(
    app: Starlette, services: Services
) -> None:
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    init = {"type": "connection_init", "payload": {"token": SECRETS["viewer"]}}
    said.put_nowait({"type": "websocket.connect"})
    for message in (init, {"type": "subscribe", "id": "1", "payload": {"query": WATCH}}):
        said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def send(message: Any) -> None:
        if message["type"] == "websocket.close":
            await asyncio.Event().wait()

    def watched(count: int) -> Callable[[], Awaitable[bool]]:
        async def it() -> bool:
            return services.hub.watchers == count

        return it

    scope = {"type": "websocket", "path": "/graphql", "query_string": b"", "headers": [], "subprotocols": [PROTOCOL]}
    async with in_background(app(scope, said.get, send), name="a client"):
        await eventually(watched(1))
        services.tokens.replace(parse_tokens(f"admin:admin:{SECRETS['admin']}"))
        await eventually(watched(0))


async def test_roles_do_not_share_results(services: Services) -> None:
    viewers = [Viewer("a", Role.VIEWER), Viewer("b", Role.VIEWER), Viewer("c", Role.ADMIN)]
    one, same, other = [schema.standing(Operation(services, viewer)) for viewer in viewers]
    assert one == same != other
