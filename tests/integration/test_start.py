"""What keeps a command from starting is one readable line and exit code 1: no traceback, no password."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.integration.program import free_port, run

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

SECRET = "s3cr3t-w0rd"
ONCE = {"DB_CONNECT_ATTEMPTS": "1", "RABBITMQ_CONNECT_ATTEMPTS": "1", "DB_CONNECT_BACKOFF": "0"}


async def refuse(settings: dict[str, str], *arguments: str) -> str:
    """The last line, all of what it says being readable."""
    code, out, error = await run(settings, *arguments)
    assert (code, out) == (1, ""), error
    assert "Traceback" not in error
    assert SECRET not in error
    last = error.splitlines()[-1]
    assert last.startswith("taskflow: ")
    return last


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def migrated(folder: Path) -> dict[str, str]:
    settings = {"DB_URL": f"sqlite+aiosqlite:///{folder}/taskflow.db"} | ONCE
    assert await run(settings, "migrate") == (0, "", "")
    return settings


def with_login(url: str, login: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.hostname}:{parts.port}"))


async def test_a_port_in_use(migrated: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = await refuse(migrated | {"API_PORT": str(port)}, "up")
    assert line == (
        f"taskflow: Can't listen on 127.0.0.1:{port}: Address already in use. API_PORT or --port name another"
    )


async def test_an_address_that_is_not_this_machines(migrated: dict[str, str]) -> None:
    assert "Can't listen on 192.0.2.1:8000: " in await refuse(migrated, "api", "--host", "192.0.2.1", "--port", "8000")


@pytest.mark.parametrize("command", ["up", "api"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_an_address_that_others_reach_without_tokens(migrated: dict[str, str], command: str, host: str) -> None:
    line = await refuse(migrated, command, "--host", host, "--port", str(free_port()))
    assert line == (
        f"taskflow: Without tokens the API listens on a loopback address alone, and {host} is none: set API_TOKENS or "
        "API_TOKENS_FILE, or API_INSECURE=1 where something else keeps strangers out"
    )


@pytest.mark.parametrize("command", ["up", "api"])
async def test_tokens_that_are_none(migrated: dict[str, str], command: str, tmp_path: Path) -> None:
    line = await refuse(migrated | {"API_TOKENS": f"ada:admin {SECRET}"}, command)
    assert line == "taskflow: API_TOKENS takes name:role:secret, separated by spaces or lines; number 1 is none"
    line = await refuse(migrated | {"API_TOKENS_FILE": str(tmp_path / "none")}, command)
    assert line == "taskflow: API_TOKENS_FILE can't be read: No such file or directory"


async def test_a_database_that_is_not_there() -> None:
    url = f"mysql+asyncmy://app:{SECRET}@127.0.0.1:{free_port()}/taskflow"
    settings = ONCE | {"DB_URL": url, "RABBITMQ_URL": "amqp://127.0.0.1:1/"}
    assert "app:***@127.0.0.1" in await refuse(settings, "worker")


async def test_a_file_that_cannot_be_a_database(tmp_path: Path) -> None:
    (tmp_path / "taskflow.db").write_text("this is no database, however often it is asked " * 100)
    line = await refuse(ONCE | {"DB_URL": f"sqlite+aiosqlite:///{tmp_path}/taskflow.db"}, "migrate")
    assert "file is not a database" in line
    line = await refuse(ONCE | {"DB_URL": f"sqlite+aiosqlite:///{tmp_path}/no/such/folder.db"}, "migrate")
    assert line == f"taskflow: DB_URL: there is no folder {tmp_path}/no/such"


@asynccontextmanager
async def user_of(server: str) -> AsyncIterator[str]:
    """A user with a password, and no rights to anything."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    root = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with root.connect() as connection:
        await connection.execute(sa.text(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{SECRET}'"))
    try:
        yield name
    finally:
        async with root.connect() as connection:
            await connection.execute(sa.text(f"DROP USER '{name}'@'%'"))
        await root.dispose()


@pytest.mark.services
async def test_a_password_that_the_database_refuses(server: str) -> None:
    async with user_of(server) as name:
        url = with_login(server, f"{name}:{SECRET}-but-wrong") + "/taskflow"
        line = await refuse({"DB_URL": url}, "migrate")
    assert "Access denied for user" in line


@pytest.mark.services
async def test_a_database_that_nobody_has_made(server: str) -> None:
    url = sa.make_url(server).set(database=f"test_{uuid.uuid4().hex}").render_as_string(hide_password=False)
    assert "Unknown database" in await refuse({"DB_URL": url}, "migrate")


@pytest.mark.services
async def test_a_user_who_may_not_make_tables(server: str) -> None:
    async with user_of(server) as name:
        database = f"test_{uuid.uuid4().hex[:12]}"
        root = create_async_engine(server, isolation_level="AUTOCOMMIT")
        async with root.connect() as connection:
            await connection.execute(sa.text(f"CREATE DATABASE {database}"))
            await connection.execute(sa.text(f"GRANT SELECT ON {database}.* TO '{name}'@'%'"))
        try:
            line = await refuse(
                {"DB_URL": with_login(server, f"{name}:{SECRET}").rstrip("/") + f"/{database}"}, "migrate"
            )
        finally:
            async with root.connect() as connection:
                await connection.execute(sa.text(f"DROP DATABASE {database}"))
            await root.dispose()
    assert "denied" in line


@pytest.mark.services
async def test_a_password_that_rabbitmq_refuses(migrated: dict[str, str], rabbitmq_url: str) -> None:
    url = with_login(rabbitmq_url, f"guest:{SECRET}")
    line = await refuse(migrated | {"RABBITMQ_URL": url, "RABBITMQ_CONNECT_ATTEMPTS": "10"}, "worker")
    assert "refuses us: ACCESS_REFUSED - Login was refused" in line


async def test_a_rabbitmq_that_is_not_there(migrated: dict[str, str]) -> None:
    url = f"amqp://guest:{SECRET}@127.0.0.1:{free_port()}/"
    line = await refuse(migrated | {"RABBITMQ_URL": url}, "worker")
    assert "RabbitMQ at 127.0.0.1" in line


async def test_a_redis_that_is_not_there(migrated: dict[str, str]) -> None:
    url = f"redis://:{SECRET}@127.0.0.1:{free_port()}/0"
    line = await refuse(migrated | {"REDIS_URL": url, "API_PORT": str(free_port())}, "up")
    assert "Redis at 127.0.0.1" in line


async def test_a_database_that_is_not_migrated(tmp_path: Path) -> None:
    settings = ONCE | {"DB_URL": f"sqlite+aiosqlite:///{tmp_path}/taskflow.db", "API_PORT": str(free_port())}
    line = await refuse(settings, "api")
    assert line == "taskflow: The database is not migrated: run `taskflow migrate`"


async def test_a_worker_without_a_broker(migrated: dict[str, str]) -> None:
    assert "RABBITMQ_URL is not set" in await refuse(migrated, "worker")


async def test_handlers_that_cannot_be_imported(migrated: dict[str, str]) -> None:
    settings = migrated | {"WORKER_HANDLERS": "tests.integration.broken", "RABBITMQ_URL": "amqp://127.0.0.1:1/"}
    line = await refuse(settings, "worker")
    assert line.startswith("taskflow: WORKER_HANDLERS: tests.integration.broken can't be imported: ZeroDivisionError")


BAD_VALUES = {
    "API_PORT": "70000",
    "DB_CONNECT_ATTEMPTS": "0",
    "DB_CONNECT_BACKOFF": "soon",
    "DB_ECHO": "maybe",
    "DB_URL": f"postgresql://app:{SECRET}@127.0.0.1/taskflow",
    "LOG_FORMAT": "xml",
    "LOG_LEVEL": "LOUD",
    "PAYLOAD_MAX_BYTES": "1 MB",
    "RABBITMQ_CONNECT_ATTEMPTS": "many",
    "RABBITMQ_CONNECT_BACKOFF": "-1",
    "RABBITMQ_URL": f"http://guest:{SECRET}@127.0.0.1/",
    "REDIS_URL": f"localhost:{SECRET}",
    "WORKER_LEASE": "0",
    "WORKER_PREFETCH": "-3",
    "WORKER_SHUTDOWN_TIMEOUT": "nan",
    "WORKER_REPUBLISH_AFTER": "inf",
}


async def test_every_bad_value_has_a_line_of_its_own() -> None:
    code, out, error = await run(BAD_VALUES, "worker")
    assert (code, out) == (1, "")
    assert "Traceback" not in error
    assert SECRET not in error
    assert sorted(line.split()[1].rstrip(":") for line in error.splitlines()) == sorted(BAD_VALUES)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "127.0.0.1:{port}", "http://127.0.0.1:{port}x/"])
async def test_an_api_that_is_not_there(url: str) -> None:
    address = {"TASKFLOW_URL": url.format(port=free_port())}
    for line in await asyncio.gather(refuse(address, "submit", "hello", "--watch"), refuse(address, "watch")):
        assert "TASKFLOW_URL" in line


async def test_a_first_look_at_an_api_that_is_not_there() -> None:
    code, _, error = await run({"TASKFLOW_URL": f"http://127.0.0.1:{free_port()}"}, "seed")
    assert code == 1
    assert "Traceback" not in error
    last = error.splitlines()[-1]
    assert last.startswith("taskflow: ")
    assert "TASKFLOW_URL" in last
    assert "taskflow up" in last


@pytest.mark.parametrize("answer", [b"hello", b"[]", b'{"data": null}', b'{"errors": 3}'])
async def test_something_else_at_the_apis_address(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        address = {"TASKFLOW_URL": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
        for line in await asyncio.gather(refuse(address, "submit", "hello"), refuse(address, "watch")):
            assert "TASKFLOW_URL" in line


async def test_a_payload_that_is_not_json() -> None:
    line = await refuse({"TASKFLOW_URL": f"http://127.0.0.1:{free_port()}"}, "submit", "hello", "--payload", "{")
    assert line.startswith("taskflow: --payload: Not JSON: ")


@pytest.mark.parametrize("arguments", [(), ("dance",), ("seed", "--count", "0"), ("submit",)])
async def test_a_command_line_that_is_none_says_how_it_is_used(arguments: tuple[str, ...]) -> None:
    code, out, error = await run({}, *arguments)
    assert (code, out) == (2, "")
    assert error.startswith("usage: taskflow")
