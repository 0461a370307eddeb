"""TaskFlow inside another application: under a prefix, opened by the host or by the first request, with a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from taskflow.infra.errors import StartError
from taskflow.infra.settings import SettingsError
from taskflow.infra.tracing.current import current_traceparent
from taskflow.mounting import MountedApp, mount, running
from taskflow.worker.registry import HandlerError
from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.graph.client import connected
from tests.graph.serve import serving


@task("shout")
async def shout(payload: dict[str, str]) -> str:
    return payload["text"].upper()


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RABBITMQ_URL", "REDIS_URL", "WORKER_HANDLERS", "API_TOKENS", "API_TOKENS_FILE", "API_INSECURE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DB_URL", f"sqlite+aiosqlite:///{tmp_path / 'host.db'}")


def host_of(app: MountedApp) -> Starlette:
    async def home(request: Any) -> PlainTextResponse:
        return PlainTextResponse("the host's own page")

    return Starlette(routes=[Route("/", home), Mount("/in/jobs", app)])


@asynccontextmanager
async def client_of(app: MountedApp) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    async with serving(host_of(app)) as address, httpx.AsyncClient(base_url=f"http://{address}", timeout=20) as client:
        yield client, address


async def run_a_task(client: httpx.AsyncClient) -> dict[str, Any]:
    asked = {"title": "Say it", "kind": "shout", "payload": {"text": "hello"}}
    response = await client.post("/in/jobs/tasks", json=asked)
    assert response.status_code == 201
    found: dict[str, Any] = {}

    async def ended() -> bool:
        found.update((await client.get(response.headers["location"])).json())
        return found["finished_at"] is not None

    await eventually(ended)
    return found


@pytest.mark.parametrize("how", ["running", "the first request"])
async def test_a_mounted_app_with_a_worker_runs_handlers_under_its_prefix(how: str) -> None:
    app = mount(handlers=[shout], worker=True)
    async with client_of(app) as (client, _):
        if how == "running":
            async with running(app):
                ended = await run_a_task(client)
        else:
            ended = await run_a_task(client)
        assert (ended["status"], ended["result"]) == ("DONE", "HELLO")
        assert (await client.get("/")).text == "the host's own page"
    await app.close()


@pytest.mark.parametrize("where", ["in the host's lifespan", "as an application of its own"])
async def test_its_lifespan_is_one_that_a_host_can_enter(where: str) -> None:
    app = mount(handlers=[shout], worker=True)
    outer: Any = Starlette(routes=[Mount("/in/jobs", app)], lifespan=lambda _: running(app))
    if where == "as an application of its own":
        outer = app
    said: list[str] = []
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(message: Any) -> None:
        said.append(message["type"])
        if message["type"] == "lifespan.startup.complete":
            assert app.is_open
            await told.put({"type": "lifespan.shutdown"})

    await told.put({"type": "lifespan.startup"})
    async with asyncio.timeout(30):
        await outer({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, told.get, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert not app.is_open


async def test_links_location_and_description_carry_the_prefix() -> None:
    app = mount()
    async with running(app), client_of(app) as (client, _):
        for number in range(3):
            created = await client.post("/in/jobs/tasks", json={"title": f"Task {number}"})
        assert created.headers["location"].startswith("/in/jobs/tasks/")
        first = await client.get("/in/jobs/tasks", params={"limit": 1})
        following = first.links["next"]["url"]
        assert following.startswith("/in/jobs/tasks?")
        assert (await client.get(following)).json()[0]["title"] == "Task 1"
        assert (await client.get("/in/jobs/openapi.json")).json()["servers"] == [{"url": "/in/jobs"}]


async def test_a_proxy_that_strips_the_prefix_names_it_in_a_header() -> None:
    app = mount()
    async with (
        running(app),
        serving(app) as address,
        httpx.AsyncClient(base_url=f"http://{address}") as client,
    ):
        for header, location in (
            ("/ops", "/ops/tasks/"),
            ("/ops/jobs/", "/ops/jobs/tasks/"),
            ("evil.test", "/tasks/"),
            ("//evil.test", "/tasks/"),
        ):
            headers = {"x-forwarded-prefix": header}
            created = await client.post("/tasks", json={"title": "Behind"}, headers=headers)
            assert created.headers["location"].startswith(location)
        unstripped = await client.get("/ops/tasks", headers={"x-forwarded-prefix": "/ops"})
        assert len(unstripped.json()) == 4


async def test_sockets_are_reached_under_the_prefix() -> None:
    app = mount()
    async with (
        running(app),
        client_of(app) as (_, address),
        connected(f"ws://{address}/in/jobs/graphql") as client,
    ):
        await client.subscribe("1", "subscription { stats { total } }")
        assert (await client.next())["payload"]["data"] == {"stats": {"total": 0}}


async def test_an_end_of_the_host_ends_it_and_the_next_request_opens_it_again() -> None:
    app = mount(handlers=[shout], worker=True)
    async with client_of(app) as (client, _):
        for _ in range(2):
            async with running(app):
                assert (await run_a_task(client))["status"] == "DONE"
        assert (await client.get("/in/jobs/tasks")).status_code == 200
    await app.close()


async def test_while_it_can_not_start_it_answers_503_and_then_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "later"
    monkeypatch.setenv("DB_URL", f"sqlite+aiosqlite:///{folder / 'host.db'}")
    app = mount()
    async with client_of(app) as (client, _):
        refused = await client.get("/in/jobs/tasks")
        assert refused.status_code == 503
        assert str(folder) not in refused.text
        with pytest.raises(StartError, match="there is no folder"):
            await app.open()
        await asyncio.to_thread(folder.mkdir)
        assert (await client.get("/in/jobs/tasks")).json() == []
    await app.close()


def test_what_it_can_not_work_with_is_refused_where_it_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HandlerError, match="no_such_module can't be imported"):
        mount(handlers=["no_such_module"], worker=True)
    monkeypatch.setenv("WORKER_PREFETCH", "many")
    with pytest.raises(SettingsError, match="WORKER_PREFETCH takes a whole number"):
        mount()


async def test_the_span_of_the_request_that_opened_it_is_nobody_elses() -> None:
    seen: list[str | None] = []

    @task("look")
    async def look(payload: Any) -> None:
        seen.append(current_traceparent())

    app = mount(handlers=[look], worker=True)
    with TracerProvider().get_tracer("host").start_as_current_span("the first request"):
        await app.open()
    async with client_of(app) as (client, _):
        await client.post("/in/jobs/tasks", json={"title": "Look", "kind": "look"})

        async def has_run() -> bool:
            return bool(seen)

        await eventually(has_run)
    await app.close()
    assert seen == [None]


TOKEN = "0123456789abcdef"
STRANGER = ("192.0.2.1", 1)


async def statuses(client: tuple[str, int]) -> list[int]:
    """Of a stranger, and of who has a token."""
    app = mount()
    transport = httpx.ASGITransport(host_of(app), client=client)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://host.test") as asking:
        known = {"authorization": f"Bearer {TOKEN}"}
        return [(await asking.get("/in/jobs/tasks", headers=headers)).status_code for headers in ({}, known)]


async def test_a_mounted_app_without_tokens_answers_to_its_own_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await statuses(STRANGER) == [403, 403]
    assert await statuses(("127.0.0.1", 1)) == [200, 200]
    monkeypatch.setenv("API_INSECURE", "1")
    assert await statuses(STRANGER) == [200, 200]


async def test_tokens_hold_in_a_mounted_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("API_TOKENS", f"ada:viewer:{TOKEN}")
    assert await statuses(STRANGER) == [401, 200]
    monkeypatch.setenv("API_TOKENS_FILE", str(tmp_path / "none"))
    with pytest.raises(StartError, match="API_TOKENS_FILE can't be read"):
        mount()
