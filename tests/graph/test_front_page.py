"""A browser is shown a page that loads nothing from elsewhere, and a program gets JSON at the same URL."""

import re

import httpx
import pytest

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


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
