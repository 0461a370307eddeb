"""A service that answers and refuses the work: its own words are in the log, and the health check fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from taskflow.db import dispatch
from taskflow.db.errors import StoreRefuses
from taskflow.db.migrate import migrate
from taskflow.db.rights import may_write
from taskflow.infra.bus import STATUS_CHANNEL, BusUnavailable
from taskflow.infra.bus.redis import open_redis
from taskflow.infra.database import check_packets, create_engine
from taskflow.infra.errors import StartError
from tests import services
from tests.contracts.waiting import eventually, logged
from tests.store.steps import create_one

pytestmark = pytest.mark.services


@pytest.fixture(params=["mysql", "mariadb"])
async def readers(
    request: pytest.FixtureRequest, service_url: Callable[[services.Service], str]
) -> AsyncIterator[AsyncEngine]:
    """On a migrated database, as a user who may only read."""
    name, server = f"taskflow_test_{uuid4().hex[:8]}", sa.make_url(service_url(request.param))
    root = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with root.connect() as connection:
        await connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
        await connection.execute(sa.text(f"CREATE USER '{name}'@'%' IDENTIFIED BY 'secret-word'"))
        await connection.execute(sa.text(f"GRANT SELECT ON {name}.* TO '{name}'@'%'"))
    owner = create_engine(server.set(database=name).render_as_string(hide_password=False))
    await migrate(owner)
    await may_write(owner)
    await owner.dispose()
    reader = server.set(database=name, username=name, password="secret-word")
    engine = create_engine(reader.render_as_string(hide_password=False))
    yield engine
    await engine.dispose()
    async with root.connect() as connection:
        await connection.execute(sa.text(f"DROP USER '{name}'@'%'"))
        await connection.execute(sa.text(f"DROP DATABASE {name}"))
    await root.dispose()


async def test_a_database_user_who_may_only_read_is_not_well(
    readers: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="INSERT command denied"):
        await may_write(readers)
    with pytest.raises(StoreRefuses, match="does not allow it"):
        await create_one(readers)
    assert await logged(caplog, "the database refuses: ")
    assert await logged(caplog, "INSERT command denied")
    assert not await logged(caplog, "secret-word")


async def test_a_dispatcher_with_nothing_to_do_notices_that_nothing_can_be_written(readers: AsyncEngine) -> None:
    """For then heartbeats are refused too, and nobody may be taken for lost."""
    with pytest.raises(StoreRefuses):
        await dispatch.next_due(readers)


async def test_a_payload_that_may_not_fit_into_a_statement_stops_the_start(readers: AsyncEngine) -> None:
    assert "bytes" in await check_packets(readers, 262_144)
    with pytest.raises(StartError, match=r"max_allowed_packet is \d+ bytes: .* PAYLOAD_MAX_BYTES=1000000000"):
        await check_packets(readers, 1_000_000_000)


async def test_a_redis_user_without_channels_is_not_well_until_it_has_them(
    service_url: Callable[[services.Service], str], caplog: pytest.LogCaptureFixture
) -> None:
    url, name = service_url("redis"), f"test_{uuid4().hex[:8]}"
    async with Redis.from_url(url) as redis:

        async def let(*rules: str) -> None:
            await redis.execute_command("ACL", "SETUSER", name, *rules)  # type: ignore[no-untyped-call]

        await let("on", ">secret-word", "+@all", "resetchannels")
        narrow = url.replace("redis://", f"redis://{name}:secret-word@", 1)
        try:
            async with open_redis(narrow, attempts=1, backoff=timedelta()) as bus:
                with pytest.raises(BusUnavailable, match=r"does not take news: .*no permissions"):
                    await bus.ping()
                await let("resetchannels", "&task.cancel")
                async with bus.subscribe(STATUS_CHANNEL):
                    with pytest.raises(BusUnavailable, match=r"brings no news: .*no permissions"):
                        await bus.ping()
                    await eventually(lambda: logged(caplog, "no permissions to access"))
                    await let("&task.status")
                    await eventually(lambda: logged(caplog, f"subscription to {STATUS_CHANNEL} is back"))
                    await bus.ping()
        finally:
            await redis.execute_command("ACL", "DELUSER", name)  # type: ignore[no-untyped-call]
    assert not await logged(caplog, "secret-word")
