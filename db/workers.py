"""Who works, and what workers have said of the kinds that they run."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import operating
from taskflow.db.decoding import records
from taskflow.db.secrets import Path
from taskflow.db.transaction import read, transact
from taskflow.db.upsert import upsert


@dataclass(frozen=True, slots=True)
class Worker:
    """A row of `taskflow_workers`: a process as it was at `seen_at`. `running` of its `slots` are taken."""

    id: str
    host: str
    pid: int
    version: str
    kinds: list[str]
    queues: list[str]
    slots: int
    running: int
    started_at: datetime
    seen_at: datetime
    is_stopping: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of `taskflow_kinds`: how many attempts its tasks have where they name no number, and its secrets."""

    name: str
    max_attempts: int
    secrets: frozenset[Path]
    seen_at: datetime


async def register(engine: AsyncEngine, worker: Worker) -> None:
    """Write its row, or write it anew. Raises StoreUnavailable."""
    row = asdict(worker)
    statement = upsert(operating.workers, engine.dialect.name, [name for name in row if name != "id"])

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(statement, [row])

    await transact(engine, work)


async def heard_since(engine: AsyncEngine, since: datetime) -> list[Worker]:
    """Those whose row was written at `since` or later, by host and start."""
    table = operating.workers
    statement = sa.select(table).where(table.c.seen_at >= since).order_by(table.c.host, table.c.started_at, table.c.id)
    return records(Worker, await read(engine, statement))


async def unheard_since(engine: AsyncEngine, since: datetime) -> list[str]:
    """The ids of the others."""
    table = operating.workers
    return [row.id for row in await read(engine, sa.select(table.c.id).where(table.c.seen_at < since))]


async def forget(engine: AsyncEngine, ids: Sequence[str]) -> None:
    """By their keys, so that no worker waits for the row of another. Raises StoreUnavailable."""

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(operating.workers.delete().where(operating.workers.c.id.in_(ids)))

    if ids:
        await transact(engine, work)


async def note_kinds(engine: AsyncEngine, kinds: Iterable[Kind]) -> None:
    """What a worker says of its kinds holds from now on; but what was secret once stays so, as there are tasks of then.

    Raises StoreUnavailable.
    """
    table = operating.kinds
    said = {kind.name: kind for kind in kinds}
    insert = upsert(table, engine.dialect.name, [])

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(insert, [_row(said[name]) for name in sorted(said)])
        locked = sa.select(table).where(table.c.name.in_(said)).order_by(table.c.name).with_for_update()
        for before in [_kind(row) for row in await connection.execute(locked)]:
            now = said[before.name]
            row = _row(replace(now, secrets=now.secrets | before.secrets))
            await connection.execute(table.update().where(table.c.name == before.name).values(row))

    if said:
        await transact(engine, work)


async def known_kinds(engine: AsyncEngine) -> list[Kind]:
    """Raises StoreUnavailable."""
    return [_kind(row) for row in await read(engine, sa.select(operating.kinds))]


def _row(kind: Kind) -> dict[str, object]:
    paths = sorted(kind.secrets, key=repr)
    return {name: getattr(kind, name) for name in Kind.__slots__} | {"secrets": [list(path) for path in paths]}


def _kind(row: sa.Row[tuple[object, ...]]) -> Kind:
    values = row._mapping
    return Kind(**{**values, "secrets": frozenset(tuple(path) for path in values["secrets"])})
