"""The built dashboard, as the API serves it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from taskflow.graph.http.dashboard import Dashboard
from taskflow.graph.http.index import GraphQLWithPage
from taskflow.infra.settings import Settings
from tests.graph import toy

SETTINGS = Settings(react_app_api_base="https://api.example.com", react_app_ws_url="wss://api.example.com/ws")


INDEX = '<!doctype html><title>TaskFlow</title><script src="./config.js"></script><a href="https://x.test/">x</a>'


@pytest.fixture
def built(tmp_path: Path) -> Dashboard:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-abc.js").write_text("plain")
    (tmp_path / "assets" / "index-abc.js.br").write_bytes(b"packed")
    return Dashboard(tmp_path, SETTINGS)


@pytest.fixture
async def browser(built: Dashboard) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(Starlette(routes=built.routes())) as client:
        yield client


def browser_of(app: Starlette, *, root_path: str = "") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://taskflow.test")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/overview",
        "/workers",
        "/queues",
        "/dead-letters",
        "/audit",
        "/new",
        "/task/01a20bbb-de30-72d0-bd15-de3fb28f88fa",
    ],
)
async def test_each_page_is_the_app_and_is_asked_for_again(browser: httpx.AsyncClient, path: str) -> None:
    response = await browser.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert "TaskFlow" in response.text


async def test_a_browser_at_graphql_gets_the_ide_where_it_is_built(tmp_path: Path) -> None:
    app = GraphQLWithPage(toy.schema, context=lambda connection: toy.Events())
    site = Starlette(routes=[Route("/graphql", app)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://taskflow.test") as client:
        as_browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        assert "GraphQL endpoint" in (await client.get("/graphql", headers=as_browser)).text
        (tmp_path / "graphiql.html").write_text("<!doctype html><title>GraphiQL</title>")
        app.dashboard = Dashboard(tmp_path, SETTINGS)
        page = await client.get("/graphql", headers=as_browser)
        assert "<title>GraphiQL" in page.text
        assert "script-src 'self';" in page.headers["content-security-policy"]
        other = await client.get("/graphql", headers={"accept": "application/json"})
        assert other.headers["content-type"].startswith("application/json")


async def test_no_script_may_be_inline_and_only_the_api_may_be_elsewhere(browser: httpx.AsyncClient) -> None:
    policy = (await browser.get("/")).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self' https://api.example.com wss://api.example.com;" in policy
    assert "default-src 'none'" in policy


async def test_a_style_is_inline_only_with_what_the_page_was_given(
    built: Dashboard, browser: httpx.AsyncClient
) -> None:
    (built.folder / "index.html").write_text('<meta property="csp-nonce" nonce="TASKFLOW_NONCE" />')
    pages = [await browser.get("/") for _ in range(2)]
    nonces = [re.findall(r'nonce="([\w-]{22})"', page.text) for page in pages]
    assert nonces[0] != nonces[1]
    for page, (nonce,) in zip(pages, nonces, strict=True):
        assert f"style-src 'self' 'nonce-{nonce}';" in page.headers["content-security-policy"]
    assert "style-src 'self';" in (await browser.get("/favicon.svg")).headers["content-security-policy"]


async def test_a_hashed_file_is_kept_for_ever_and_sent_as_it_was_compressed(browser: httpx.AsyncClient) -> None:
    plain = await browser.get("/assets/index-abc.js", headers={"accept-encoding": "identity"})
    async with browser.stream("GET", "/assets/index-abc.js", headers={"accept-encoding": "gzip, br"}) as packed:
        body = b"".join([chunk async for chunk in packed.aiter_raw()])
    assert plain.text == "plain"
    assert (body, packed.headers["content-encoding"]) == (b"packed", "br")
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in packed.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/task/01a20bbb-de30-72d0-bd15-de3fb28f88fa"])
async def test_a_page_finds_its_files_from_any_depth(browser: httpx.AsyncClient, path: str) -> None:
    page = (await browser.get(path)).text
    assert '<script src="/config.js">' in page
    assert '<a href="https://x.test/">' in page
    assert '"basePath": ""' in (await browser.get("/config.js")).text


async def test_under_a_prefix_pages_files_and_config_carry_it(built: Dashboard) -> None:
    inner = Starlette(routes=built.routes())
    async with browser_of(Starlette(routes=[Mount("/jobs", inner), Mount("/eu", Mount("/jobs", inner))])) as browser:
        for prefix in ("/jobs", "/eu/jobs"):
            for path in ("/", "/overview", "/task/01a20bbb-de30-72d0-bd15-de3fb28f88fa"):
                assert f'<script src="{prefix}/config.js">' in (await browser.get(prefix + path)).text
            assert f'"basePath": "{prefix}"' in (await browser.get(f"{prefix}/config.js")).text
            assert (await browser.get(f"{prefix}/assets/index-abc.js")).text == "plain"
            assert (await browser.get(f"{prefix}/favicon.svg")).text == "<svg/>"


@pytest.mark.parametrize(
    ("root_path", "prefix"),
    [
        ("/jobs/", "/jobs"),
        ("//elsewhere.test", "/elsewhere.test"),
        ('/"><script>', "/%22%3E%3Cscript%3E"),
        ("/a b", "/a%20b"),
    ],
)
async def test_a_prefix_that_a_proxy_names_can_add_nothing_to_a_page(
    built: Dashboard, root_path: str, prefix: str
) -> None:
    async with browser_of(Starlette(routes=built.routes()), root_path=root_path) as browser:
        assert (await browser.get("/overview")).text == INDEX.replace("./", f"{prefix}/")
        assert f'"basePath": "{prefix}"' in (await browser.get("/config.js")).text


async def test_where_the_api_is_comes_from_the_environment_of_the_process(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/config.js")
    assert '"apiBase": "https://api.example.com"' in response.text
    assert '"wsUrl": "wss://api.example.com/ws"' in response.text


NOWHERE = [
    "/assets/../index.html",
    "/assets/%2e%2e/index.html",
    "/assets/",
    "/assets/none.js",
    "/unknown",
    "/index.html",
]


@pytest.mark.parametrize("path", [*NOWHERE, "/assets/%00", "/assets/" + "a" * 300], ids=lambda path: path[:30])
async def test_what_is_not_there_is_not_found(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404
