"""`taskflow check` names the part that would stop a start, in a line each, without a password and changing nothing."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine

from tests import services
from tests.integration.program import run

pytestmark = pytest.mark.timeout(120)

SECRET = "s3cr3t-w0rd"


async def check(settings: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The exit code, and what is said of each part."""
    code, out, error = await run({"LOG_LEVEL": "ERROR"} | settings, "check")
    assert error == ""
    assert SECRET not in out
    return code, {part: rest.strip() for part, _, rest in (line.partition(" ") for line in out.splitlines())}


async def test_a_database_that_is_not_migrated_is_told_with_what_to_do(tmp_path: Path) -> None:
    settings = {"DB_URL": f"sqlite+aiosqlite:///{tmp_path}/taskflow.db"}
    code, said = await check(settings)
    assert code == 1
    assert said["revision"] == "fail  the database is not migrated: run `taskflow migrate`"
    assert (await run(settings, "migrate"))[0] == 0
    code, said = await check(settings)
    assert code == 0, said
    assert {rest.split()[0] for rest in said.values()} == {"ok"}


async def test_every_part_is_asked_although_one_fails(tmp_path: Path) -> None:
    code, said = await check(
        {
            "DB_URL": f"mysql+asyncmy://app:{SECRET}@127.0.0.1:1/tasks",
            "RABBITMQ_URL": f"amqp://app:{SECRET}@127.0.0.1:1/",
            "REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0",
            "WORKER_HANDLERS": "no_such_module",
        }
    )
    assert code == 1
    failed = {part for part, rest in said.items() if rest.startswith("fail")}
    assert failed == {"database", "revision", "rights", "packets", "broker", "bus", "handlers"}
    assert "no_such_module can't be imported" in said["handlers"]


async def test_settings_are_told_a_line_each() -> None:
    code, out, _ = await run({"WORKER_PREFETCH": "many", "WORKER_LEASE": "soon"}, "check")
    assert code == 1
    assert [line.split()[:3] for line in out.splitlines()] == [
        ["settings", "fail", "WORKER_PREFETCH"],
        ["settings", "fail", "WORKER_LEASE"],
    ]


@asynccontextmanager
async def database_user(server: str, name: str, grants: str) -> AsyncIterator[str]:
    url = sa.make_url(server)
    root = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with root.connect() as connection:
        for statement in (
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4",
            f"CREATE USER '{name}'@'%' IDENTIFIED BY '{SECRET}'",
            f"GRANT {grants} ON {name}.* TO '{name}'@'%'",
        ):
            await connection.execute(sa.text(statement))
    try:
        yield url.set(username=name, password=SECRET, database=name).render_as_string(hide_password=False)
    finally:
        async with root.connect() as connection:
            await connection.execute(sa.text(f"DROP USER '{name}'@'%'"))
            await connection.execute(sa.text(f"DROP DATABASE {name}"))
        await root.dispose()


@pytest.mark.services
async def test_a_database_user_that_may_only_read_is_told(service_url: Callable[[services.Service], str]) -> None:
    server = service_url("mysql" if services.url("mysql") else "mariadb")
    name = f"check_{uuid.uuid4().hex[:8]}"
    async with database_user(server, name, "SELECT") as url:
        owner = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        assert (await run({"DB_URL": owner}, "migrate"))[0] == 0
        code, said = await check({"DB_URL": url})
    assert code == 1
    assert said["revision"].startswith("ok")
    assert "INSERT command denied" in said["rights"]
    assert "max_allowed_packet" in said["packets"]


@pytest.mark.services
async def test_a_redis_user_without_channels_is_told(
    service_url: Callable[[services.Service], str], tmp_path: Path
) -> None:
    url, name = service_url("redis"), f"check{uuid.uuid4().hex[:8]}"
    async with Redis.from_url(url) as redis:
        await redis.execute_command("ACL", "SETUSER", name, "on", f">{SECRET}", "+@all", "resetchannels")  # type: ignore[no-untyped-call]
        try:
            narrow = url.replace("redis://", f"redis://{name}:{SECRET}@", 1)
            code, said = await check({"REDIS_URL": narrow, "DB_URL": f"sqlite+aiosqlite:///{tmp_path}/taskflow.db"})
        finally:
            await redis.execute_command("ACL", "DELUSER", name)  # type: ignore[no-untyped-call]
    assert code == 1
    assert said["bus"].startswith("fail  Redis refuses the channels task.status, task.cancel")
