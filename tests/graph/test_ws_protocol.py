"""graphql-transport-ws on a real server: what ends an operation, what ends the socket, and that nothing else is hit."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from taskflow.graph.execution import errors
from taskflow.graph.sockets import graphql_ws as ws_protocol
from tests.graph.client import PROTOCOL, Client, connected
from tests.graph.serve import make_app, serving
from tests.graph.toy import Events, Missing

FOREVER = 'subscription { forever(name: "%s") }'


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
async def address(events: Events, caplog: pytest.LogCaptureFixture) -> AsyncIterator[str]:
    async with serving(make_app(events, allowed_origins=["https://ally.test"])) as address:
        yield f"ws://{address}/graphql"
    crashes = [record for record in caplog.records if record.levelname == "ERROR" and record.name != "taskflow.graphql"]
    assert not crashes


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


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("{ hello }", [{"hello": "hello world"}]),
        ("mutation { add(a: 1, b: 2) }", [{"add": 3}]),
        ("subscription { count(to: 2) }", [{"count": 0}, {"count": 1}]),
    ],
)
async def test_every_kind_of_operation_runs_and_its_id_is_free_again(
    address: str, query: str, data: list[dict[str, object]]
) -> None:
    async with connected(address) as client:
        for _ in range(2):
            await client.subscribe("1", query)
            for values in data:
                assert await client.next() == {"id": "1", "type": "next", "payload": {"data": values}}
            assert await client.next() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    "query",
    ["{", "{ nothing }", "query A { hello } query B { hello }", "query ($a: Int!) { echo(value: $a) }", "", "{\ud800}"],
)
async def test_what_can_not_run_ends_itself_and_no_sibling(address: str, query: str, events: Events) -> None:
    async with connected(address) as client:
        await client.subscribe("sibling", FOREVER % "sibling")
        assert (await client.next())["type"] == "next"
        await client.subscribe("broken", query.replace("\ud800", "?"))
        message = await client.next()
        assert (message["id"], message["type"]) == ("broken", "error")
        assert {error["extensions"]["code"] for error in message["payload"]} == {"BAD_USER_INPUT"}
        await client.send("complete", id="sibling")
        assert await events.closed.get() == "sibling"


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("lagged", "LAGGED", "read too slowly"),
        ("missing", "NOT_FOUND", "no such task"),
        ("boom", "INTERNAL_SERVER_ERROR", "Internal server error"),
    ],
)
async def test_failure_of_a_running_subscription_is_its_one_and_last_message(
    address: str, monkeypatch: pytest.MonkeyPatch, how: str, code: str, message: str
) -> None:
    monkeypatch.setitem(errors.CODES, Missing, "NOT_FOUND")
    async with connected(address) as client:
        await client.subscribe("1", "subscription ($how: String!) { failing(how: $how) }", variables={"how": how})
        assert (await client.next())["payload"] == {"data": {"failing": 0}}
        error = {"message": message, "extensions": {"code": code}}
        assert await client.next() == {"id": "1", "type": "error", "payload": [error]}
        await client.send("ping")
        assert await client.next() == {"type": "pong"}


async def test_operation_too_many_is_refused_and_a_finished_one_makes_room(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws_protocol, "MAX_OPERATIONS", 2)
    async with connected(address) as client:
        for id in ("1", "2"):
            await client.subscribe(id, FOREVER % id)
            assert (await client.next())["type"] == "next"
        await client.subscribe("3", "{ hello }")
        refused = await client.next()
        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
        await client.send("complete", id="1")
        await client.subscribe("3", "{ hello }")
        assert (await client.next())["type"] == "next"


async def test_generator_is_closed_when_its_client_completes_or_disconnects(address: str, events: Events) -> None:
    async with connected(address) as client:
        for id in ("completed", "left"):
            await client.subscribe(id, FOREVER % id)
            assert await events.opened.get() == id
        await client.send("complete", id="completed")
        assert await events.closed.get() == "completed"
    assert await events.closed.get() == "left"


async def test_generator_is_closed_when_its_client_is_cut_off(address: str, events: Events) -> None:
    async with connected(address) as client:
        await client.subscribe("1", FOREVER % "1")
        assert await events.opened.get() == "1"
        client.connection.transport.abort()
        assert await events.closed.get() == "1"


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


async def test_context_that_can_not_be_made_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()

    def failing(connection: object) -> None:
        raise RuntimeError("secret")

    app.context = failing
    async with serving(app) as host, connected(f"ws://{host}/graphql") as client:
        await client.subscribe("1", "{ hello }")
        error = {"message": "Internal server error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
        assert await client.next() == {"id": "1", "type": "error", "payload": [error]}
        assert "secret" in caplog.text
