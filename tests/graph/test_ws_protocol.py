"""graphql-transport-ws on a real server: who may connect, and which messages end the socket with which code."""

from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.graph.client import PROTOCOL, Client, connected
from tests.graph.serve import make_app, serving
from tests.graph.toy import FOREVER, Events


@pytest.mark.parametrize("protocols", [None, [Subprotocol("graphql-ws")]])
async def test_other_sub_protocols_are_closed_with_4406(address: str, protocols: list[Subprotocol] | None) -> None:
    async with connect(address, subprotocols=protocols) as connection:
        assert await Client(connection).close_code() == 4406


@pytest.mark.parametrize("origin", ["https://ally.test", "http://{host}", None])
async def test_own_pages_allowed_pages_and_programs_may_connect(address: str, origin: str | None) -> None:
    own = Origin(origin.format(host=address.split("/")[2])) if origin else None
    async with connect(address, subprotocols=[PROTOCOL], origin=own) as connection:
        assert connection.subprotocol == PROTOCOL


@pytest.mark.parametrize("origin", ["https://other.test", "null"])
async def test_pages_of_other_sites_may_not_connect(address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        await connect(address, subprotocols=[PROTOCOL], origin=Origin(origin))


async def test_silent_client_is_closed_with_4408() -> None:
    app = make_app()
    assert app.connection_init_wait_timeout == timedelta(seconds=10)
    app.connection_init_wait_timeout = timedelta(milliseconds=1)
    async with serving(app) as address, connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as connection:
        assert await Client(connection).close_code() == 4408


@pytest.mark.parametrize(
    "frame",
    [
        "[]",
        "5",
        "null",
        '"x"',
        "{",
        "",
        "{}",
        b"{}",
        '{"type": NaN}',
        "[" * 100_000,
        '{"type": null}',
        '{"type": ["ping"]}',
        '{"type": "%s"}' % ("x" * 1_000),
        '{"type": "start", "id": "1", "payload": {"query": "{ hello }"}}',
        '{"type": "ping", "payload": []}',
        '{"type": "connection_init", "payload": "x"}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 1}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": "{ hello }"}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "operationName": {}}}',
    ],
    ids=lambda frame: frame[:80],
)
async def test_frame_that_is_no_message_closes_the_socket_with_4400(address: str, frame: str | bytes) -> None:
    async with connected(address) as client:
        await client.connection.send(frame)
        assert await client.close_code() == 4400


async def test_frame_over_a_megabyte_closes_the_socket_with_1009(address: str) -> None:
    async with connected(address) as client:
        await client.connection.send(" " * (1 << 20) + "{}")
        assert await client.close_code() == 1009


async def test_subscribe_before_the_acknowledgement_is_4401(address: str) -> None:
    async with connect(address, subprotocols=[PROTOCOL]) as connection:
        client = Client(connection)
        await client.subscribe("1", "{ hello }")
        assert await client.close_code() == 4401


async def test_second_init_is_4429(address: str) -> None:
    async with connected(address) as client:
        await client.send("connection_init", payload=None)
        assert await client.close_code() == 4429


async def test_id_in_use_is_4409_however_long(address: str) -> None:
    async with connected(address) as client:
        await client.subscribe("é" * 1_000, FOREVER % "a")
        await client.next()
        await client.subscribe("é" * 1_000, FOREVER % "b")
        assert await client.close_code() == 4409


async def test_init_with_null_ping_pong_and_an_unknown_complete_are_fine(address: str) -> None:
    async with connect(address, subprotocols=[PROTOCOL]) as connection:
        client = Client(connection)
        await client.send("connection_init", payload=None)
        assert await client.next() == {"type": "connection_ack"}
        await client.send("pong", payload=None)
        await client.send("complete", id="never heard of")
        await client.send("ping", payload={})
        assert await client.next() == {"type": "pong"}


async def test_drain_closes_every_socket_with_1012_and_sheds_new_ones_with_1013(events: Events) -> None:
    app = make_app(events)
    async with serving(app) as host, connected(f"ws://{host}/graphql") as client:
        await client.subscribe("1", FOREVER % "1")
        assert await events.opened.get() == "1"
        await app.drain()
        assert await client.close_code() == 1012
        assert await events.closed.get() == "1"
        async with connect(f"ws://{host}/graphql", subprotocols=[PROTOCOL]) as late:
            assert await Client(late).close_code() == 1013
