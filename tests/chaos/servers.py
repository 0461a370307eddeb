"""The services of a run: a database, RabbitMQ and Redis of its own, since faults restart them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import aiormq
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.services.private import private
from tests.services.server import Server

Database = Literal["mysql", "mariadb"]
QUEUES: Final = ("task.created", "task.created.nobodys", "task.dead")
USER: Final = "taskflow"
"""Without the rights of root, whom a server that is read-only would not refuse."""


class Missing(Exception):
    """A service's programs are not on this machine."""


@dataclass(frozen=True)
class Servers:
    database: Server
    rabbitmq: Server
    redis: Server


@contextmanager
def open_servers(database: Database) -> Iterator[Servers]:
    """Raises Missing."""
    with ExitStack() as stack:
        found = []
        for name in (database, "rabbitmq", "redis"):
            server = stack.enter_context(private(name, any_version=True))
            if server is None:
                raise Missing(f"the programs of {name} are not on this machine; `make test` brings what it can")
            found.append(server)
        yield Servers(*found)


@asynccontextmanager
async def empty_database(server: Server) -> AsyncIterator[AsyncEngine]:
    """A database of a new name, as its own user sees it; and nothing in the queues."""
    name = f"chaos_{uuid.uuid4().hex[:12]}"
    url = sa.make_url(server.url)
    await as_root(
        server,
        f"CREATE DATABASE {name} CHARACTER SET utf8mb4",
        f"CREATE USER IF NOT EXISTS {USER}@'%'",
        f"GRANT ALL ON {name}.* TO {USER}@'%'",
    )
    engine = create_async_engine(url.set(database=name, username=USER), pool_pre_ping=True)
    try:
        yield engine
    finally:
        await engine.dispose()
        await as_root(server, f"DROP DATABASE {name}")


async def as_root(server: Server, *statements: str) -> list[sa.Row[tuple[object, ...]]]:
    """The rows of the last of them."""
    engine = create_async_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    rows: list[sa.Row[tuple[object, ...]]] = []
    async with engine.connect() as connection:
        for statement in statements:
            result = await connection.execute(sa.text(statement))
            rows = list(result.all()) if result.returns_rows else []
    return rows


async def delete_queues(server: Server) -> None:
    async with aiormq.connect(server.url) as connection:
        channel = await connection.channel()
        for queue in QUEUES:
            await channel.queue_delete(queue)
