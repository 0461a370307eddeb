"""The reviewer's list: every route, asked without a token, with a wrong one, and with one of each role."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from taskflow.graph.http import dashboard
from taskflow.graph.services import Services
from taskflow.infra.settings import Settings
from taskflow.infra.tokens import parse_tokens
from tests.graph.serve import app_of

ROLES = ("viewer", "operator", "admin")
SECRETS = {role: f"{role}-0123456789abcdef" for role in ROLES}
STRANGERS: dict[str, dict[str, str]] = {
    "no token": {},
    "a wrong token": {"authorization": f"Bearer {SECRETS['admin']}x"},
    "the beginning of a token": {"authorization": f"Bearer {SECRETS['admin'][:-1]}"},
    "no scheme": {"authorization": SECRETS["admin"]},
    "another scheme": {"authorization": f"Basic {SECRETS['admin']}"},
    "more than a token": {"authorization": f"Bearer {SECRETS['admin']} x"},
    "a token of bytes": {"authorization": "Bearer \xff\xfe"},
}
PAGE = {"accept": "text/html"}
CREATE = 'mutation { createTask(input: {title: "A"}) { created } }'
TWO = 'mutation { a: createTask(input: {title: "A"}) { created } b: createTask(input: {title: "B"}) { created } }'


class Door(NamedTuple):
    """One way to ask, and the statuses of who has no token, a viewer, an operator and an admin."""

    method: str
    path: str
    statuses: tuple[int, int, int, int]
    headers: Mapping[str, str] = MappingProxyType({})
    json: Any = None

    @property
    def route(self) -> str:
        path = self.path.partition("?")[0]
        parts = path.strip("/").split("/")
        if parts[0] in {"tasks", "task"} and len(parts) > 1:
            parts[1] = "{task_id}"
        return "/assets/{name:path}" if parts[0] == "assets" else "/" + "/".join(parts)


READ, CHANGE, OPEN, ABSENT = (401, 200, 200, 200), (401, 403, 200, 200), (200,) * 4, (401, 404, 404, 404)
DOORS = [
    Door("GET", "/", OPEN),
    Door("GET", "/overview", OPEN),
    Door("GET", "/new", OPEN),
    Door("GET", "/workers", OPEN),
    Door("GET", "/queues", OPEN),
    Door("GET", "/dead-letters", OPEN),
    Door("GET", "/audit", OPEN),
    Door("GET", "/task/any", OPEN),
    Door("GET", "/config.js", OPEN),
    Door("GET", "/assets/app.js", OPEN),
    Door("GET", "/favicon.svg", OPEN),
    Door("GET", "/graphql", OPEN, PAGE),
    Door("GET", "/graphql?query={stats{total}}", READ),
    Door("GET", "/graphql?query={__schema{types{name}}}", READ),
    Door("POST", "/graphql", READ, json={"query": "{ stats { total } }"}),
    Door("POST", "/graphql", CHANGE, json={"query": CREATE}),
    Door("POST", "/graphql", CHANGE, json={"query": TWO}),
    Door("PUT", "/graphql", (401, 405, 405, 405)),
    Door("GET", "/openapi.json", READ),
    Door("GET", "/tasks", READ),
    Door("GET", "/tasks", READ, PAGE),
    Door("POST", "/tasks", (401, 403, 201, 201), json={"title": "A"}),
    Door("POST", "/tasks", (401, 403, 422, 422), json={}),
    Door("DELETE", "/tasks", (401, 405, 405, 405)),
    Door("GET", "/tasks/none", ABSENT),
    Door("GET", "/tasks/none/events", ABSENT),
    Door("GET", "/healthz", OPEN),
    Door("GET", "/livez", OPEN),
    Door("GET", "/metrics", READ),
    Door("GET", "/none", ABSENT),
    Door("GET", "/none", (404,) * 4, PAGE),
    Door("POST", "/none", ABSENT),
    Door("OPTIONS", "/tasks", (401, 405, 405, 405)),
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    tokens = parse_tokens(" ".join(f"{role}:{role}:{secret}" for role, secret in SECRETS.items()))
    return settings.model_copy(update={"api_tokens": tokens})


@pytest.fixture
def app(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """With a dashboard of a few files."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    for name in ("index.html", "graphiql.html", "favicon.svg", "assets/app.js"):
        (folder / name).write_text("<!doctype html>")
    monkeypatch.setattr(dashboard, "PLACES", (folder,))
    monkeypatch.setattr("taskflow.graph.app.built_dashboard", dashboard.built_dashboard)
    return app_of(services, cors_allow_origins=("https://ally.test",))


async def ask(client: httpx.AsyncClient, door: Door, headers: dict[str, str]) -> httpx.Response:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in {**door.headers, **headers}.items()]
    return await client.request(door.method, door.path, headers=encoded, json=door.json)


def label(door: Door) -> str:
    return f"{door.method} {door.path} {'page' if door.headers else ''}{door.json or ''}"


@pytest.mark.parametrize("door", DOORS, ids=label)
async def test_each_door_is_as_open_as_the_list_says(client: httpx.AsyncClient, door: Door) -> None:
    for headers in STRANGERS.values():
        response = await ask(client, door, headers)
        assert response.status_code == door.statuses[0]
        if response.status_code == 401:
            check_refusal(response, door, "UNAUTHENTICATED")
            assert response.headers["www-authenticate"] == 'Bearer realm="taskflow"'
    for role, status in zip(ROLES, door.statuses[1:], strict=True):
        response = await ask(client, door, {"authorization": f"bearer  {SECRETS[role]}"})
        assert response.status_code == status, role
        if status == 403:
            check_refusal(response, door, "FORBIDDEN")


def check_refusal(response: httpx.Response, door: Door, code: str) -> None:
    body = response.json()
    if door.route == "/graphql":
        assert [error["extensions"]["code"] for error in body["errors"]] == [code]
        assert not body.get("data")
    else:
        assert response.headers["content-type"] == "application/problem+json"
        assert (body["status"], body["code"]) == (response.status_code, code)


def test_no_route_is_missing_from_the_list(app: Starlette) -> None:
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or ("GET", "POST"))
    }
    assert {(method, path) for method, path in served if method != "HEAD"} <= {
        (door.method, door.route) for door in DOORS
    }


async def test_a_route_that_somebody_adds_is_closed(app: Starlette, client: httpx.AsyncClient) -> None:
    async def shows(request: object) -> None:
        raise AssertionError("it was reached")

    app.router.routes.append(Route("/metrics", shows))
    assert (await client.get("/metrics")).status_code == 401


async def test_health_says_its_status_alone_to_who_has_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    known = await client.get("/healthz", headers={"authorization": f"Bearer {SECRETS['viewer']}"})
    assert set(known.json()["checks"]) == {"db", "mq", "redis"}


async def test_a_preflight_needs_no_token_and_a_refusal_can_be_read(client: httpx.AsyncClient) -> None:
    origin = {"origin": "https://ally.test"}
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    for path in ("/tasks", "/graphql"):
        assert (await client.options(path, headers=origin | asked)).status_code == 200
        refused = await client.post(path, headers=origin, json={})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://ally.test"
        assert "access-control-allow-credentials" not in refused.headers


async def test_no_secret_is_in_any_answer_or_line_of_the_log(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    known = [{"authorization": f"Bearer {secret}"} for secret in SECRETS.values()]
    for door in DOORS:
        for headers in [*STRANGERS.values(), *known]:
            response = await ask(client, door, headers)
            said = response.text + json.dumps(dict(response.headers)) + caplog.text
            assert not any(secret in said for secret in SECRETS.values())


async def test_a_viewer_is_told_its_name_and_role(client: httpx.AsyncClient, services: Services) -> None:
    for role, secret in SECRETS.items():
        asked = {"json": {"query": "{ viewer { name role } }"}, "headers": {"authorization": f"Bearer {secret}"}}
        told = await client.post("/graphql", **asked)  # type: ignore[arg-type]
        assert told.json() == {"data": {"viewer": {"name": role, "role": role.upper()}}}
    services.tokens.are_wanted = False
    told = await client.post("/graphql", json={"query": "{ viewer { name role } }"})
    assert told.json() == {"data": {"viewer": {"name": None, "role": "ADMIN"}}}


@pytest.mark.parametrize("door", DOORS, ids=label)
async def test_every_answer_has_the_headers_of_a_safe_one(client: httpx.AsyncClient, door: Door) -> None:
    for headers in ({}, {"authorization": f"Bearer {SECRETS['admin']}"}):
        response = await ask(client, door, headers)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["referrer-policy"] in {"no-referrer", "same-origin"}
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy or (
            door.route == "/graphql" and "style-src 'self' 'unsafe-inline'" in policy
        )
        assert "unsafe-eval" not in policy
        assert "cache-control" in response.headers
