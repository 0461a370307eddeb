"""The application as a whole: who may come in, what a browser is shown, and an OpenAPI document that is true."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from taskflow.graph.app import OPENAPI
from taskflow.graph.http import health, rest
from taskflow.graph.http.security import LocalNames
from taskflow.graph.services import Services
from taskflow.infra.errors import StartError
from tests.graph.api import Api
from tests.graph.client import PROTOCOL
from tests.graph.serve import app_of, serving

ALLY = "https://ally.test"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


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


@pytest.mark.parametrize(("path", "what"), [("/", "/openapi.json"), ("/graphql", "GraphQL endpoint")])
async def test_browser_is_shown_a_page_of_its_own_and_nothing_from_elsewhere(
    client: httpx.AsyncClient, path: str, what: str
) -> None:
    response = await client.get(path, headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert what in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not re.search(r"(src|href)=.?https?:", response.text)


async def test_program_gets_json_at_the_same_places(client: httpx.AsyncClient) -> None:
    doors = (await client.get("/")).json()
    assert doors.pop("name") == "TaskFlow"
    assert doors == {
        "graphql": "/graphql",
        "live": "/ws",
        "tasks": "/tasks",
        "openapi": "/openapi.json",
        "health": "/healthz",
    }
    response = await client.get("/graphql", params={"query": "{ stats { total } }"}, headers=BROWSER)
    assert response.json() == {"data": {"stats": {"total": 0}}}


DOCUMENT: dict[str, Any] = json.loads(OPENAPI.read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


async def test_openapi_document_is_served_as_committed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == DOCUMENT


def test_openapi_lists_exactly_the_routes() -> None:
    served: dict[str, set[str]] = {}
    for route in [*rest.ROUTES, *health.ROUTES]:
        assert isinstance(route, Route)
        served[route.path] = {method.lower() for method in route.methods or ()} - {"head"}
    assert served == {path: set(methods) for path, methods in DOCUMENT["paths"].items()}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_openapi_document_is_whole() -> None:
    assert set(references(DOCUMENT)) == {f"#/components/schemas/{name}" for name in SCHEMAS}
    operations = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))
            assert all(response["description"] for response in operation["responses"].values())


TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def check(schema: dict[str, Any], value: Any, path: str = "body") -> None:
    """As much of JSON Schema as the document uses."""
    schema = SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert any(isinstance(value, TYPES[name]) for name in names), f"{path} is {value!r}"
    if "enum" in schema:
        assert value in schema["enum"], path
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", ())) <= value.keys(), path
        assert value.keys() <= schema["properties"].keys(), f"{path} has more than is described"
        for name, one in value.items():
            check(schema["properties"][name], one, f"{path}.{name}")
    elif isinstance(value, dict) and isinstance(more := schema.get("additionalProperties"), dict):
        assert set(schema.get("required", ())) <= value.keys(), path
        for name, one in value.items():
            check(more, one, f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            check(schema["items"], one, f"{path}[{number}]")


def check_response(response: httpx.Response, path: str) -> None:
    operation = DOCUMENT["paths"][path][response.request.method.lower()]
    described = operation["responses"][str(response.status_code)]
    content = described["content"][response.headers["content-type"]]
    check(content["schema"], response.json())
    for header in described.get("headers", {}):
        assert header in response.headers


@pytest.mark.usefixtures("worker")
async def test_real_bodies_are_as_openapi_describes_them(api: Api, client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k"}
    for title, status in (("A", 201), ("A", 200), ("B", 409), ("", 422)):
        response = await client.post("/tasks", json={"title": title, "payload": {"a": 1}}, headers=headers)
        assert response.status_code == status
        check_response(response, "/tasks")
    check_response(await client.post("/tasks", json={"title": "A"}), "/tasks")
    check_response(await client.post("/tasks", content=b"{"), "/tasks")
    check_response(await client.post("/tasks", content=b"{", headers={"content-type": "application/json"}), "/tasks")
    for path in ("/tasks?limit=1", "/tasks?limit=0"):
        check_response(await client.get(path), "/tasks")
    [task, *_] = (await client.get("/tasks")).json()
    for task_id in (task["task_id"], "nothing"):
        check_response(await client.get(f"/tasks/{task_id}"), "/tasks/{task_id}")
        check_response(await client.get(f"/tasks/{task_id}/events"), "/tasks/{task_id}/events")
    check_response(await client.get("/healthz"), "/healthz")
    check_response(await client.get("/livez"), "/livez")
