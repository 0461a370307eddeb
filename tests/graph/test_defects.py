"""A defect of ours is answered like everything else: with the headers of a safe answer, and no word of its cause."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from taskflow.cli import factories
from taskflow.db import queries
from taskflow.graph.http.problems import SAFE
from taskflow.graph.http.security import LocalClients, LocalNames
from taskflow.graph.services import Services

CAUSE = "SELECT secret FROM somewhere"
PROBLEM = {
    "type": "about:blank",
    "title": "Internal Server Error",
    "status": 500,
    "detail": "Something went wrong on our side.",
}
OPERATION = {"query": "{ viewer { role } }"}


def defect(*arguments: Any, **options: Any) -> Any:
    raise RuntimeError(CAUSE)


def check_safe(response: httpx.Response) -> None:
    assert SAFE.items() <= dict(response.headers).items()
    assert CAUSE not in response.text + json.dumps(dict(response.headers))
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("broken", "ask"),
    [
        ("taskflow.graph.http.rest.task_body", {"method": "POST", "url": "/tasks", "json": {"title": "A"}}),
        ("taskflow.graph.http.rest.load_page", {"method": "GET", "url": "/tasks"}),
        ("taskflow.graph.http.graphql.Parameters.of", {"method": "POST", "url": "/graphql", "json": OPERATION}),
        ("taskflow.graph.http.guard.secret_of", {"method": "GET", "url": "/livez"}),
        ("taskflow.graph.http.prefix.Headers", {"method": "GET", "url": "/livez"}),
    ],
    ids=["rest", "rest list", "graphql", "guard", "the outermost"],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_a_defect_anywhere_is_a_problem_with_the_headers_of_a_safe_answer(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, broken: str, ask: dict[str, Any], accept: str
) -> None:
    monkeypatch.setattr(broken, defect)
    response = await client.request(**ask, headers={} if "graphql" in ask["url"] else {"accept": accept})
    assert (response.status_code, response.json()) == (500, PROBLEM)
    assert response.headers["content-type"] == "application/problem+json"
    check_safe(response)


async def test_a_defect_in_a_resolver_is_masked_in_a_safe_answer(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, services: Services
) -> None:
    monkeypatch.setattr(queries, "get", defect)
    response = await client.post("/graphql", json={"query": '{ task(id: "1") { id } }'})
    (error,) = response.json()["errors"]
    assert (error["message"], error["extensions"]) == ("Internal server error", {"code": "INTERNAL_SERVER_ERROR"})
    check_safe(response)


@pytest.mark.parametrize(("wrapped", "status"), [(lambda app: LocalNames(app, ()), 421), (LocalClients, 403)])
async def test_who_is_turned_away_before_everything_else_gets_a_safe_answer(
    app: Starlette, wrapped: Any, status: int
) -> None:
    transport = httpx.ASGITransport(wrapped(app), client=("192.0.2.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://rebound.test") as client:
        response = await client.get("/tasks")
    assert response.status_code == status
    check_safe(response)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/graphql", 405), ("GET", "/none", 404), ("GET", "/config.js", 500)]
)
async def test_the_dashboard_alone_answers_safely_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    monkeypatch.setattr(factories, "built_dashboard", lambda: tmp_path)
    monkeypatch.setattr("taskflow.graph.http.dashboard.prefix_of", defect)
    transport = httpx.ASGITransport(factories.create_site(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://taskflow.test") as client:
        response = await client.request(method, path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    check_safe(response)
