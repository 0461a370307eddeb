"""What waiting can't mend stops a start after one try, in one line: the service's own words, without the password."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine

from taskflow.infra.bus import BusUnavailable
from taskflow.infra.bus.redis import open_redis
from taskflow.infra.database import DatabaseUnavailable, open_database
from tests import services

pytestmark = pytest.mark.services

SECRET = "s3cr3t-w0rd"
LATER = timedelta(minutes=1)
"""A second try would come so late that the test had failed."""


async def bus_refusal(url: str) -> str:
    with pytest.raises(BusUnavailable) as caught:
        async with asyncio.timeout(20), open_redis(url, attempts=10, backoff=LATER):
            pass
    return one_line(caught.value)


async def database_refusal(url: sa.URL) -> str:
    text = url.render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailable) as caught:
        async with asyncio.timeout(20), open_database(text, attempts=10, backoff=LATER):
            pass
    return one_line(caught.value)


def one_line(error: Exception) -> str:
    line = str(error)
    assert "\n" not in line
    assert SECRET not in line
    assert "refuses us" in line
    return line


@pytest.fixture
def redis_url(service_url: Callable[[services.Service], str]) -> str:
    return service_url("redis")


@pytest.fixture(params=["mysql", "mariadb"])
def database(request: pytest.FixtureRequest, service_url: Callable[[services.Service], str]) -> sa.URL:
    return sa.make_url(service_url(request.param))


@pytest.fixture
async def user(database: sa.URL) -> AsyncIterator[str]:
    """With a password, and no rights to anything."""
    name = f"test_{uuid4().hex[:8]}"
    root = create_async_engine(database, isolation_level="AUTOCOMMIT")
    async with root.connect() as connection:
        await connection.execute(sa.text(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{SECRET}'"))
    yield name
    async with root.connect() as connection:
        await connection.execute(sa.text(f"DROP USER '{name}'@'%'"))
    await root.dispose()


async def test_a_redis_user_who_may_not_even_ask(redis_url: str) -> None:
    name = f"test_{uuid4().hex[:8]}"
    async with Redis.from_url(redis_url) as redis:
        await redis.execute_command("ACL", "SETUSER", name, "on", f">{SECRET}")  # type: ignore[no-untyped-call]
        try:
            line = await bus_refusal(redis_url.replace("redis://", f"redis://{name}:{SECRET}@", 1))
        finally:
            await redis.execute_command("ACL", "DELUSER", name)  # type: ignore[no-untyped-call]
    assert "no permissions" in line


async def test_a_password_that_redis_does_not_take(redis_url: str) -> None:
    line = await bus_refusal(redis_url.replace("redis://", f"redis://nobody:{SECRET}@", 1))
    assert "invalid username-password pair" in line


async def test_a_redis_database_that_is_not_there(redis_url: str) -> None:
    assert "DB index is out of range" in await bus_refusal(redis_url.rpartition("/")[0] + "/9999")


async def test_a_password_that_the_database_does_not_take(database: sa.URL, user: str) -> None:
    line = await database_refusal(database.set(username=user, password=f"{SECRET}!", database="mysql"))
    assert "Access denied for user" in line


async def test_a_database_that_is_not_this_users(database: sa.URL, user: str) -> None:
    line = await database_refusal(database.set(username=user, password=SECRET, database="mysql"))
    assert "denied" in line


async def test_a_database_that_nobody_has_made(database: sa.URL) -> None:
    assert "Unknown database" in await database_refusal(database.set(database="nobodys"))


async def test_a_database_server_without_tls_or_without_a_certificate_that_is_trusted(database: sa.URL) -> None:
    assert "SSL" in await database_refusal(database.set(database="mysql", query={"ssl": "true"}))
