"""Operations over one socket: what ends each of them, and that no other is affected."""

import pytest

from taskflow.graph.execution import errors
from taskflow.graph.sockets import graphql_ws as ws_protocol
from tests.graph.client import connected
from tests.graph.serve import make_app, serving
from tests.graph.toy import FOREVER, Events, Missing


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
