"""Which pages and which host names the application lets in, over HTTP and over WebSockets."""

import re
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from taskflow.graph.http.security import LocalClients, LocalNames
from taskflow.graph.services import Services
from taskflow.infra.errors import StartError
from tests.graph.client import PROTOCOL
from tests.graph.serve import app_of, serving

ALLY = "https://ally.test"


@pytest.fixture
def open_app(services: Services) -> Starlette:
    """The application with one allowed origin, written as people write it."""
    return app_of(services, cors_allow_origins=(f"{ALLY.upper()}:443/",))


def client_of(app: Any, host: str = "taskflow.test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}")


PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,idempotency-key"}


@pytest.mark.parametrize("path", ["/tasks", "/graphql"])
async def test_pages_of_allowed_origins_may_read_and_write(open_app: Starlette, path: str) -> None:
    body = {"title": "A", "query": "{ stats { total } }"}
    body = {"title": "A"} if path == "/tasks" else {"query": body["query"]}
    async with client_of(open_app) as client:
        for origin, status in ((ALLY, 200), ("https://other.test", 400)):
            preflight = await client.options(path, headers={"origin": origin, **PREFLIGHT})
            assert preflight.status_code == status
            assert preflight.headers.get("access-control-allow-origin") == (ALLY if status == 200 else None)
        response = await client.post(path, json=body, headers={"origin": ALLY})
        assert response.headers["access-control-allow-origin"] == ALLY
        assert "location" in response.headers["access-control-expose-headers"].lower()


async def test_by_default_no_page_of_another_origin_is_let_in(client: httpx.AsyncClient) -> None:
    response = await client.options("/tasks", headers={"origin": ALLY, **PREFLIGHT})
    assert "access-control-allow-origin" not in response.headers
    response = await client.post("/graphql", json={"query": "{ stats { total } }"}, headers={"origin": ALLY})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", ["/ws", "/graphql"])
@pytest.mark.parametrize(
    ("headers", "welcome"),
    [
        ({}, True),
        ({"origin": ALLY}, True),
        ({"origin": "http://{host}"}, True),
        ({"origin": "https://other.test", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://other.test"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://{host}.other.test"}, False),
    ],
    ids=str,
)
async def test_sockets_open_for_programs_and_welcome_pages(
    open_app: Starlette, path: str, headers: dict[str, str], welcome: bool
) -> None:
    async with serving(open_app) as host:
        given = {name: value.format(host=host) for name, value in headers.items()}
        opening = connect(f"ws://{host}{path}", additional_headers=given, subprotocols=[PROTOCOL])
        if welcome:
            async with opening:
                pass
        else:
            with pytest.raises(InvalidStatus) as refused:
                await opening
            assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["localhost:5173", "https://ally.test/path", "ally"])
async def test_origin_that_is_none_stops_the_start_with_its_name(services: Services, origin: str) -> None:
    with pytest.raises(StartError, match="^CORS_ALLOW_ORIGINS: .*" + re.escape(origin)):
        app_of(services, cors_allow_origins=(origin,))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("taskflow.localhost:8000", 200),
        ("127.0.0.1:8000", 200),
        ("192.168.0.7", 200),
        ("[::1]:8000", 200),
        ("api", 200),
        ("ally.test", 200),
        ("rebound.other.test:8000", 421),
        ("localhost.other.test", 421),
        ("127.0.0.1.other.test", 421),
        ("[::1", 421),
    ],
)
async def test_server_on_the_loopback_address_answers_to_its_own_names(host: str, status: int, app: Starlette) -> None:
    async with client_of(LocalNames(app, {ALLY})) as client:
        response = await client.get("/livez", headers={"host": host})
    assert response.status_code == status
    if status == 421:
        assert response.headers["content-type"] == "application/problem+json"
        assert "CORS_ALLOW_ORIGINS" in response.json()["detail"]


async def test_server_on_the_loopback_address_answers_to_any_name_where_any_origin_is_allowed(app: Starlette) -> None:
    async with client_of(LocalNames(app, {"*"}), "anything.test") as client:
        assert (await client.get("/livez")).status_code == 200


async def test_socket_under_a_rebound_name_is_refused(app: Starlette) -> None:
    async with serving(LocalNames(app, ())) as host:
        port = host.partition(":")[2]
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://rebound.test:{port}/ws", host="127.0.0.1")
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("client", "status"),
    [
        ("127.0.0.1", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("192.168.0.7", 403),
        ("::ffff:192.168.0.7", 403),
        ("2001:db8::1", 403),
        ("testclient", 200),
        ("", 200),
    ],
)
async def test_in_another_server_and_without_tokens_it_answers_to_its_own_machine(
    app: Starlette, client: str, status: int
) -> None:
    transport = httpx.ASGITransport(LocalClients(app), client=(client, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://taskflow.test") as asking:
        response = await asking.get("/tasks")
    assert response.status_code == status
    assert status == 200 or "API_INSECURE=1" in response.json()["detail"]
