"""Where a measurement takes place: servers that exist, and on them databases, queues and keys that only we use.

They are made anew for each measurement, and are gone afterwards. Nothing else on those servers is touched.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiormq
import redis.asyncio as redis
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests import services
from tests.integration.program import environment

OURS: Final = "bench.ours"
QUEUES: Final = (
    OURS,
    "bench.naive",
    "bench.bare",
    "bench.celery",
    "bench.dramatiq",
    "bench.dramatiq.DQ",
    "bench.dramatiq.XQ",
)
KEYS: Final = "bench-*"
DURABILITY: Final = "SHOW VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin')"


@dataclass(frozen=True)
class Stage:
    """`python` is the peers' interpreter. `quick` makes every count small: then nothing is learnt but that it works."""

    database: sa.URL
    rabbitmq: str
    redis: str
    python: Path
    logs: Path
    quick: bool

    def count(self, full: int, least: int = 20) -> int:
        return max(full // 20, least) if self.quick else full

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @property
    def url(self) -> sa.URL:
        """Of the database that only we use."""
        return self.database.set(database=f"{self.database.database or 'taskflow'}_bench")

    @property
    def ours(self) -> dict[str, str]:
        """What TaskFlow's processes are given: where the services are, our names on them, and no setting else."""
        settings = {
            "DB_URL": self.url.render_as_string(hide_password=False),
            "RABBITMQ_URL": self.rabbitmq,
            "RABBITMQ_EXCHANGE": OURS,
            "RABBITMQ_QUEUE": OURS,
            "RABBITMQ_ROUTING_KEY": OURS,
            "REDIS_URL": self.redis,
            "WORKER_HANDLERS": "tests.performance.handlers",
        }
        return environment(settings)

    @property
    def peers(self) -> dict[str, str]:
        return environment({name: self.ours[name] for name in ("DB_URL", "RABBITMQ_URL", "REDIS_URL")})


def where(name: str, *kinds: services.Service) -> str:
    """What that variable says, or where `make test` would find or has started one of those services."""
    found = os.environ.get(name) or next((url for kind in kinds if (url := services.url(kind))), None)
    if found is None:
        raise SystemExit("\n".join(services.sentence(kind) for kind in kinds))
    return found


@asynccontextmanager
async def fresh(stage: Stage) -> AsyncIterator[AsyncEngine]:
    """An empty database, no queue and no key of ours."""
    await _clean(stage, "DROP DATABASE IF EXISTS {0}", "CREATE DATABASE {0} CHARACTER SET utf8mb4")
    engine = create_async_engine(stage.url, isolation_level="AUTOCOMMIT", pool_size=1)
    try:
        yield engine
    finally:
        await engine.dispose()
        await _clean(stage, "DROP DATABASE {0}")


async def _clean(stage: Stage, *statements: str) -> None:
    root = create_async_engine(stage.database.set(database=""), isolation_level="AUTOCOMMIT", pool_size=1)
    async with root.connect() as connection:
        await connection.execute(sa.text("SET sql_notes = 0"))  # a database that is not there is no news
        for statement in statements:
            await connection.execute(sa.text(statement.format(f"`{stage.url.database}`")))
    await root.dispose()
    async with aiormq.connect(stage.rabbitmq) as broker:
        channel = await broker.channel()
        await asyncio.gather(*(channel.queue_delete(name) for name in QUEUES))
        await channel.exchange_delete(OURS)
    async with redis.from_url(stage.redis) as bus:
        if keys := await all_keys(bus):
            await bus.delete(*keys)


async def durability(stage: Stage) -> dict[str, str]:
    """What the database does at each commit: nothing decides more about a rate."""
    root = create_async_engine(stage.database.set(database=""), pool_size=1)
    async with root.connect() as connection:
        found = {row.Variable_name: row.Value for row in await connection.execute(sa.text(DURABILITY))}
    await root.dispose()
    return found


async def all_keys(bus: Any) -> list[bytes]:
    """Those that a peer made for its results."""
    return [key async for key in bus.scan_iter(KEYS, count=10_000)]
