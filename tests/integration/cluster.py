"""An API and workers as processes of their own, on real services, with names that no other test has."""

from __future__ import annotations

import asyncio
import itertools
import signal
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiormq
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from taskflow.db.models import task_events, tasks
from tests.integration.api import Api
from tests.integration.program import Program, free_port, run


@dataclass
class Cluster:
    """What a test acts on: the API's client, the workers, the database as an outsider sees it."""

    settings: dict[str, str]
    folder: Path
    database: AsyncEngine
    port: int = field(default_factory=free_port)
    programs: list[Program] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    api: Program = field(init=False)
    client: Api = field(init=False)

    def __post_init__(self) -> None:
        self.client = Api(self.url)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[Program]:
        return [one for one in self.programs if "worker" in one.name and one.process.returncode is None]

    async def start_api(self, *, port: int | None = None, **settings: str) -> Program:
        program = await self.start_program("api", settings, "api", "--port", str(port or self.port))
        await program.says(lambda line: line.get("event") == "serving")
        if port is None:
            self.api = program
        return program

    async def start_up(self) -> Program:
        """API and worker in one process."""
        self.api = await self.start_program("up", {}, "up", "--port", str(self.port))
        await self.api.says(lambda line: line.get("event") == "worker started")
        return self.api

    async def start_worker(self, **settings: str) -> Program:
        program = await self.start_program("worker", settings, "worker")
        await program.says(lambda line: line.get("event") == "worker started")
        return program

    async def start_program(self, name: str, settings: dict[str, str], *arguments: str) -> Program:
        log = self.folder / f"{name}-{next(self._numbers)}.log"
        program = await Program.start(log, self.settings | settings, *arguments)
        self.programs.append(program)
        return program

    def journal(self) -> list[tuple[str, int]]:
        """(task, attempt) of every start of a team's handler, in order."""
        path = Path(self.settings["TEAM_JOURNAL"])
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [(row[0], int(row[1])) for row in rows]

    async def rows(self, ids: Iterable[str]) -> dict[str, Any]:
        names = list(ids)
        async with self.database.connect() as connection:
            return {row.id: row for row in await connection.execute(sa.select(tasks).where(tasks.c.id.in_(names)))}

    async def histories(self, ids: Iterable[str]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {one: [] for one in ids}
        statement = sa.select(task_events).where(task_events.c.task_id.in_(list(found))).order_by(task_events.c.version)
        async with self.database.connect() as connection:
            for row in await connection.execute(statement):
                found[row.task_id].append(row)
        return found

    async def stop(self) -> None:
        """Politely; who does not hear it is killed, by its number."""
        await self.client.close()
        running = [one for one in self.programs if one.process.returncode is None]
        for program in running:
            program.signal(signal.SIGTERM)
        for program in running:
            try:
                await program.exit_code(within=10)
            except TimeoutError:
                await program.kill()

    def logs(self) -> str:
        """The last of each log, for a test that failed."""
        return "\n".join(f"--- {one.name}\n" + "\n".join(one.text().splitlines()[-40:]) for one in self.programs)


@asynccontextmanager
async def embedded(folder: Path, **settings: str) -> AsyncIterator[Cluster]:
    """`taskflow up` alone, on a file in that folder."""
    url = f"sqlite+aiosqlite:///{folder}/taskflow.db"
    engine = create_async_engine(url)
    cluster = Cluster({"DB_URL": url, "TEAM_JOURNAL": str(folder / "journal")} | settings, folder, engine)
    try:
        await cluster.start_up()
        yield cluster
    finally:
        await cluster.stop()
        await engine.dispose()


@asynccontextmanager
async def cluster_on(
    folder: Path, *, server: str, rabbitmq_url: str, redis_url: str, workers: int, **settings: str
) -> AsyncIterator[Cluster]:
    """A migrated database, an API and workers; all of it is gone afterwards."""
    name = f"taskflow_test_{uuid.uuid4().hex[:12]}"
    async with _database(server, name) as engine:
        everything = {
            "DB_URL": engine.url.render_as_string(hide_password=False),
            "RABBITMQ_URL": rabbitmq_url,
            "REDIS_URL": f"{redis_url}{'&' if '?' in redis_url else '?'}client_name={name}",
            "RABBITMQ_EXCHANGE": f"test.{name}",
            "RABBITMQ_QUEUE": f"test.{name}",
            "RABBITMQ_ROUTING_KEY": f"test.{name}",
            "WORKER_HANDLERS": "tests.integration.team",
            "WORKER_LEASE": "2",
            "WORKER_REPUBLISH_AFTER": "2",
            "TEAM_JOURNAL": str(folder / "journal"),
        }
        cluster = Cluster(everything | settings, folder, engine)
        assert await run(cluster.settings, "migrate") == (0, "", "")
        try:
            await asyncio.gather(cluster.start_api(), *(cluster.start_worker() for _ in range(workers)))
            yield cluster
        finally:
            await cluster.stop()
            await _delete_topology(rabbitmq_url, cluster.settings["RABBITMQ_QUEUE"])


@asynccontextmanager
async def _database(server: str, name: str) -> AsyncIterator[AsyncEngine]:
    url = sa.make_url(server)
    engine = create_async_engine(url.set(database=name))
    root = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with root.connect() as connection:
        await connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    try:
        yield engine
    finally:
        await engine.dispose()
        async with root.connect() as connection:
            await connection.execute(sa.text(f"DROP DATABASE {name}"))
        await root.dispose()


async def _delete_topology(url: str, name: str) -> None:
    async with aiormq.connect(url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(name)
        await channel.exchange_delete(name)
