"""The queues that are paused: a row each, for as long as it lasts."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import audit, operating
from taskflow.db.audit import Act
from taskflow.db.decoding import records
from taskflow.db.transaction import read, transact
from taskflow.db.upsert import upsert


@dataclass(frozen=True, slots=True)
class Pause:
    """A row of `taskflow_queues`. `paused_by` is the name of a token, None without tokens; `reason` may be empty."""

    name: str
    paused_at: datetime
    paused_by: str | None
    reason: str


async def pause(engine: AsyncEngine, queue: str, *, now: datetime, by: str | None, reason: str) -> None:
    """A queue that is paused already gets the reason, and keeps the rest. Raises StoreUnavailable."""
    table = operating.queues
    known = sa.select(table.c.reason).where(table.c.name == queue).with_for_update()
    act = Act(by, "pauseQueue", queue, {"reason": reason})
    statement = upsert(operating.queues, engine.dialect.name, ["reason"])
    row = {"name": queue, "paused_at": now, "paused_by": by, "reason": reason}

    async def work(connection: AsyncConnection) -> None:
        if (await connection.execute(known)).scalar() != reason:
            await connection.execute(statement, [row])
            await audit.write(connection, act, now=now)

    await transact(engine, work)


async def resume(engine: AsyncEngine, queue: str, *, now: datetime, by: str | None) -> None:
    """Nothing for a queue that is not paused. Raises StoreUnavailable."""

    async def work(connection: AsyncConnection) -> None:
        gone = await connection.execute(operating.queues.delete().where(operating.queues.c.name == queue))
        if gone.rowcount:
            await audit.write(connection, Act(by, "resumeQueue", queue), now=now)

    await transact(engine, work)


async def paused(engine: AsyncEngine) -> dict[str, Pause]:
    """By the queues' names. Raises StoreUnavailable."""
    return {one.name: one for one in records(Pause, await read(engine, sa.select(operating.queues)))}
