"""Ways in that were tried: other spellings, headers that others obey, and a second word on a socket. None may work."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import product
from typing import Any, Final
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from taskflow.graph.services import Services
from taskflow.infra.settings import Settings
from taskflow.infra.tokens import parse_tokens
from tests.graph.api import Api
from tests.graph.client import PROTOCOL
from tests.graph.serve import app_of, serving
from tests.graph.test_doors import CREATE, SECRETS
from tests.store.databases import everything

TITLE: Final = "title-of-ours"
READ: Final = "{ tasks { nodes { title } } }"
TWO: Final = quote(f"query A {READ} {CREATE.replace('mutation', 'mutation B')}")
TARGETS: Final = [
    *("/tasks", "//tasks", "/tasks/", "/%74asks", "/tasks%2f", "/tasks%00", "/TASKS", "/livez/../tasks"),
    *("/livez%2f..%2ftasks", "/assets/..%2f..%2ftasks", "http://other.test/livez/../tasks", "/metrics", "/%6detrics"),
    *("/graphql", "/graphql/", "/%67raphql", f"/graphql?query={quote(READ)}", f"/graphql?query={quote(CREATE)}"),
    *(
        f"/graphql?operationName=B&query={TWO}",
        f"/tasks?token={SECRETS['admin']}",
        f"/metrics?token={SECRETS['admin']}",
    ),
]
HEADERS: Final = [
    "",
    "X-HTTP-Method-Override: POST\r\nX-HTTP-Method: POST",
    "X-Original-URL: /tasks\r\nX-Rewrite-URL: /tasks\r\nX-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Prefix: /livez",
    "X-Forwarded-Prefix: /tasks",
    "X-Forwarded-Prefix: /..",
    f"Cookie: token={SECRETS['admin']}; Authorization=Bearer {SECRETS['admin']}",
    "Origin: https://ally.test\r\nAccess-Control-Request-Method: POST",
    "Accept: text/html",
]
STRANGER: Final = ["", f"Authorization: Bearer x\r\nauthorization: Bearer {SECRETS['admin']}"]
VIEWER: Final = [
    f"Authorization: Bearer {SECRETS['viewer']}",
    f"AUTHORIZATION: bearer {SECRETS['viewer']}\r\nauthorization: Bearer {SECRETS['admin']}",
]
BODIES: Final = [{"title": "B"}, {"query": CREATE}, [{"query": CREATE}]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    tokens = parse_tokens(" ".join(f"{role}:{role}:{secret}" for role, secret in SECRETS.items()))
    return settings.model_copy(update={"api_tokens": tokens})


@pytest.fixture(autouse=True)
async def before(api: Api, services: Services) -> list[Any]:
    """What there is, which must not change."""
    api.client.headers["authorization"] = f"Bearer {SECRETS['admin']}"
    await api.create(TITLE, runAt="2099-01-01T00:00:00Z")
    return await everything(services.resources.engine)


@pytest.fixture(params=["at the top", "under a prefix"])
async def base(request: pytest.FixtureRequest, services: Services) -> AsyncIterator[str]:
    """Host, port and prefix."""
    app, prefix = app_of(services, cors_allow_origins=("https://ally.test",)), ""
    if request.param == "under a prefix":
        app, prefix = Starlette(routes=[Mount("/jobs", app)]), "/jobs"
    async with serving(app) as host:
        yield host + prefix


async def sent(base: str, method: str, target: str, headers: str, body: Any) -> str:
    host, _, prefix = base.partition("/")
    target = target if ":" in target else f"/{prefix}{target}" if prefix else target
    content = json.dumps(body)
    lines = ["Connection: close", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(content)}"]
    lines += [line for line in headers.split("\r\n") if line]
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write("\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", content]).encode())
    answer = await reader.read()
    writer.close()
    return answer.decode()


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_no_request_of_a_stranger_shows_or_changes_anything(
    base: str, services: Services, before: list[Any], method: str
) -> None:
    for target, extra, token in product(TARGETS, HEADERS, STRANGER):
        answer = await sent(base, method, target, f"{token}\r\n{extra}", BODIES["graphql" in target])
        assert not answer.startswith("HTTP/1.1 5"), (target, extra)
        assert TITLE not in answer, (target, extra)
        assert "# HELP" not in answer, (target, extra)
    assert await everything(services.resources.engine) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_request_of_a_viewer_changes_anything(
    base: str, services: Services, before: list[Any], method: str
) -> None:
    for target, extra, token, body in product(TARGETS, HEADERS, VIEWER, BODIES):
        answer = await sent(base, method, target, f"{token}\r\n{extra}", body)
        assert not answer.startswith("HTTP/1.1 5"), (target, extra)
    assert await everything(services.resources.engine) == before


def init(role: str, **more: Any) -> dict[str, Any]:
    return {"type": "connection_init", "payload": {"token": SECRETS.get(role, role), **more}}


def subscribe(query: str, **more: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": "1", "payload": {"query": query, **more}}


ADMIN: Final = SECRETS["admin"]
TALKS: Final[dict[str, list[Any]]] = {
    "nothing said": [subscribe(CREATE)],
    "a wrong token, then a right one": [init("x"), init("admin"), subscribe(CREATE)],
    "no token, then a right one": [{"type": "connection_init"}, init("admin"), subscribe(CREATE)],
    "a viewer's, then an admin's": [init("viewer"), init("admin"), subscribe(CREATE)],
    "in a ping": [init("viewer"), {"type": "ping", "payload": {"token": ADMIN}}, subscribe(CREATE)],
    "beside a viewer's": [init("viewer", authorization=f"Bearer {ADMIN}"), subscribe(CREATE)],
    "with the operation": [init("viewer"), subscribe(CREATE, token=ADMIN, extensions={"token": ADMIN})],
    "the second operation": [
        init("viewer"),
        subscribe(f"query A {READ} {CREATE.replace('mutation', 'mutation B')}", operationName="B"),
    ],
    "in a list": [init("viewer"), [subscribe(CREATE)]],
    "of another protocol": [init("viewer"), {"type": "start", "id": "1", "payload": {"query": CREATE}}],
}
SHOWN: Final[list[dict[str, Any]]] = [
    {},
    {"additional_headers": {"authorization": f"Bearer {ADMIN}"}},
    {"subprotocols": [PROTOCOL, f"token.{ADMIN}"]},
]


@pytest.mark.parametrize("talk", TALKS)
async def test_no_word_on_a_graphql_socket_gives_more_than_its_first_token(
    base: str, services: Services, before: list[Any], talk: str
) -> None:
    for shown in SHOWN:
        options: dict[str, Any] = {"subprotocols": [PROTOCOL], **shown}
        async with connect(f"ws://{base}/graphql?token={ADMIN}", **options) as connection:
            with suppress(ConnectionClosed):
                for message in TALKS[talk]:
                    await connection.send(json.dumps(message))
                await connection.send(json.dumps({"type": "ping"}))
                while json.loads(await connection.recv())["type"] not in {"pong", "complete"}:
                    pass
    assert await everything(services.resources.engine) == before


async def test_no_other_socket_opens_to_a_stranger(base: str) -> None:
    headers = {"cookie": f"token={ADMIN}", "origin": f"http://{base.partition('/')[0]}"}
    for path in ("/ws", "/tasks", "/metrics", "/livez", "/", "/ws/", "//ws", "/%77s", "/graphql/"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{base}{path}", additional_headers=headers)
        assert refused.value.response.status_code in {401, 403}, path


async def test_what_is_sent_to_the_feed_is_not_run(base: str, services: Services, before: list[Any]) -> None:
    async with connect(f"ws://{base}/ws?token={SECRETS['viewer']}") as connection:
        for message in (init("admin"), subscribe(CREATE), {"title": "B"}, CREATE):
            await connection.send(json.dumps(message))
        await (await connection.ping())
    assert await everything(services.resources.engine) == before
