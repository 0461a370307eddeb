"""The OpenAPI document lists exactly the routes, and the real responses are as it describes them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from taskflow.graph.app import OPENAPI
from taskflow.graph.http import health, metrics, rest
from tests.graph.api import Api

DOCUMENT: dict[str, Any] = json.loads(OPENAPI.read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


async def test_openapi_document_is_served_as_committed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == DOCUMENT


def test_openapi_lists_exactly_the_routes() -> None:
    served: dict[str, set[str]] = {}
    for route in [*rest.ROUTES, *health.ROUTES, *metrics.ROUTES]:
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
