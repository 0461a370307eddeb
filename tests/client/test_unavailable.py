"""Nobody there, somebody else there, not now, not you: what is raised says where it looked and what to do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from taskflow import Client
from taskflow.errors import Unauthorized, Unavailable
from tests.client.front import Front
from tests.client.handlers import nothing_to_say
from tests.contracts.waiting import eventually
from tests.graph.serve import serving
from tests.performance.processes import free_port

CALLS: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "submit": lambda tasks: tasks.submit("kind"),
    "submit_many": lambda tasks: tasks.submit_many([("kind", None)]),
    "get": lambda tasks: tasks.get("1"),
    "list": lambda tasks: anext(tasks.list()),
    "graphql": lambda tasks: tasks.graphql("{ tasks { totalCount } }"),
    "task": lambda tasks: tasks.handle("1").task(),
    "cancel": lambda tasks: tasks.handle("1").cancel(),
    "retry": lambda tasks: tasks.handle("1").retry(),
    "result": lambda tasks: tasks.handle("1").result(timeout=20),
    "handle.events": lambda tasks: anext(tasks.handle("1").events()),
    "events": lambda tasks: anext(tasks.events()),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


@every_call
async def test_no_server_says_where_it_looked_and_how_to_start_one(
    nowhere: str, call: Callable[[Client], Awaitable[Any]]
) -> None:
    async with Client(nowhere) as tasks:
        with pytest.raises(Unavailable) as unavailable:
            await call(tasks)
    text = str(unavailable.value)
    assert f"No TaskFlow answers at {nowhere} (url): " in text
    assert text.endswith("Start one with `taskflow up`, or let TASKFLOW_URL say where it is.")


async def test_it_says_that_the_environment_or_the_default_named_the_place(
    nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.client.address.DEFAULT_URL", nowhere)
    async with Client() as tasks:
        with pytest.raises(Unavailable, match=rf"{nowhere} \(the default\)"):
            await tasks.submit("kind")
    monkeypatch.setenv("TASKFLOW_URL", f"{nowhere}/jobs/")
    async with Client() as tasks:
        with pytest.raises(Unavailable, match=rf"{nowhere}/jobs \(TASKFLOW_URL\)"):
            await tasks.submit("kind")


async def test_password_in_the_address_is_not_repeated(nowhere: str) -> None:
    async with Client(nowhere.replace("://", "://me:secret@")) as tasks:
        with pytest.raises(Unavailable) as unavailable:
            await tasks.submit("kind")
    assert "secret" not in str(unavailable.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "nonsense", "http://host:99999"])
def test_what_is_no_address_is_refused_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"^url takes an address such as http://127.0.0.1:8000"):
        Client(url)
    monkeypatch.setenv("TASKFLOW_URL", url)
    with pytest.raises(ValueError, match=r"^TASKFLOW_URL takes an address"):
        Client()


def hello(request: Request) -> Response:
    return HTMLResponse("<h1>Hello</h1>")


def elsewhere(request: Request) -> Response:
    return RedirectResponse("/login")


def other_json(request: Request) -> Response:
    return JSONResponse(["hello"])


def lost(request: Request) -> Response:
    return JSONResponse({"detail": "Not Found"}, 404)


@pytest.fixture(params=[hello, elsewhere, other_json, lost])
async def something_else(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    site = Starlette(routes=[Route("/{path:path}", request.param, methods=["GET", "POST"])])
    async with serving(site) as host:
        yield f"http://{host}"


async def test_server_that_is_not_taskflow_is_said_to_be_none(something_else: str) -> None:
    async with Client(something_else) as tasks:
        for name, call in CALLS.items():
            with pytest.raises(Unavailable, match="TaskFlow") as unavailable:
                await call(tasks)
            assert something_else in str(unavailable.value), name
            assert "is not TaskFlow" in str(unavailable.value), name


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_server_that_can_not_answer_now_is_unavailable(tasks: Client, front: Front, status: int) -> None:
    front.status = status
    with pytest.raises(Unavailable, match=rf"HTTP {status}.*Try again later"):
        await tasks.submit("kind")
    with pytest.raises(Unavailable, match="Try again later"):
        await tasks.get("1")


async def test_server_that_takes_no_more_now_says_when(tasks: Client, front: Front) -> None:
    front.status = 429
    with pytest.raises(Unavailable, match="takes no more at the moment"):
        await tasks.submit("kind")


@pytest.mark.usefixtures("worker")
async def test_who_waits_for_a_result_waits_for_a_server_that_is_away(tasks: Client, front: Front) -> None:
    handle = await tasks.submit(nothing_to_say)
    front.status = 503
    waiting = asyncio.create_task(handle.result(timeout=20))

    async def refused() -> bool:
        return front.refused > 2

    await eventually(refused)
    front.status = None
    assert await waiting == 7


async def test_events_of_all_tasks_say_that_sockets_are_blocked(tasks: Client, front: Front) -> None:
    front.blocked = True
    with pytest.raises(
        Unavailable, match=r"TaskFlow answers at .*, and no WebSocket gets through: .* by their handles"
    ):
        await anext(tasks.events())


@every_call
async def test_token_that_will_not_do_says_what_to_give(
    tasks: Client, front: Front, call: Callable[[Client], Awaitable[Any]]
) -> None:
    front.status = 401
    with pytest.raises(Unauthorized, match=r"Give Client\(token=…\) or TASKFLOW_TOKEN a token that may do this"):
        await call(tasks)


async def test_token_is_shown_with_every_request_and_on_the_socket(
    url: str, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_TOKEN", "from-the-environment")
    async with Client(url) as tasks:
        await anext((await tasks.submit("kind")).events())
    assert front.sockets == 1
    assert front.tokens == {"Bearer from-the-environment"}
    front.tokens.clear()
    async with Client(url, token="given") as tasks:
        await tasks.submit("kind")
    assert front.tokens == {"Bearer given"}


async def test_proxy_that_can_not_be_used_is_named_unless_no_proxy_says_so(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"ALL_PROXY.* can't be used: .* NO_PROXY=127.0.0.1 goes without one"):
        await Client(url).__aenter__()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with Client(url) as tasks:
        handle = await tasks.submit("kind")
        assert (await anext(handle.events())).status == "PENDING"
