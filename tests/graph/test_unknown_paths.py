"""An address that nothing has: the dashboard's own page for a browser, a problem for a program, 404 for both."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from taskflow.cli import factories
from taskflow.graph import app as application
from taskflow.graph.services import Services
from tests.graph.serve import app_of

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
INDEX = '<!doctype html><title>TaskFlow</title><script src="./config.js"></script>'
PATHS = ["/some/deep/link", "/tasks/a/b/c", "/task", "/assets/none.js", "/wp-admin.php", "/index.html"]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "graphiql.html").write_text("<!doctype html><title>GraphiQL</title>")
    monkeypatch.setattr(application, "built_dashboard", lambda: tmp_path)
    monkeypatch.setattr(factories, "built_dashboard", lambda: tmp_path)
    return tmp_path


@pytest.fixture
async def client(built: Path, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_of(services)) as client:
        yield client


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://taskflow.test")


@pytest.mark.parametrize("path", PATHS)
async def test_a_browser_is_shown_the_dashboards_own_page(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert response.text == INDEX.replace("./", "/")
    assert response.headers["cache-control"] == "no-cache"
    assert "accept" in response.headers["vary"]
    assert (await client.head(path, headers=BROWSER)).status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_a_program_is_told_of_a_problem(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


async def test_only_what_is_looked_at_is_a_page(client: httpx.AsyncClient) -> None:
    response = await client.post("/some/deep/link", headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


async def test_a_task_that_is_not_there_is_a_problem_for_everybody(client: httpx.AsyncClient) -> None:
    response = await client.get("/tasks/nobodys", headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


async def test_it_finds_its_files_under_a_prefix(built: Path, services: Services) -> None:
    async with client_of(Starlette(routes=[Mount("/jobs", app_of(services))])) as client:
        assert '"/jobs/config.js"' in (await client.get("/jobs/some/deep/link", headers=BROWSER)).text


async def test_the_dashboard_alone_has_it_too(built: Path) -> None:
    async with client_of(factories.create_site()) as client:
        response = await client.get("/some/deep/link", headers=BROWSER)
        assert (response.status_code, response.text) == (404, INDEX.replace("./", "/"))
        assert (await client.get("/some/deep/link")).headers["content-type"] == "application/problem+json"


async def test_an_address_with_an_operation_opens_graphiql_in_a_browser(client: httpx.AsyncClient) -> None:
    asked = {"query": "{ stats { total } }"}
    assert "<title>GraphiQL" in (await client.get("/graphql", params=asked, headers=BROWSER)).text
