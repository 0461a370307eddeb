"""What the database lets this user do, and how much it takes at once: asked before a start, changing nothing."""

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.models import task_events, tasks
from taskflow.db.rows import COPY_TO_EVENTS, locked
from taskflow.db.transaction import connected
from taskflow.db.types import MYSQLS
from taskflow.db.writing import IDS

EVENT: Final = ["task_id", "version", "status", "attempt", "at"]


NO_TASK: Final = sa.select(tasks.c.id, tasks.c.title, tasks.c.status).where(sa.false())
NO_EVENT: Final = sa.select(*(task_events.c[name] for name in EVENT)).where(sa.false())
UPDATE_OF_NOTHING: Final = tasks.update().where(sa.false()).values(status=tasks.c.status, updated_at=tasks.c.updated_at)
"""A database that is read-only refuses it, as it refuses the heartbeats of workers."""
WRITES_OF_NOTHING: Final = (
    tasks.insert().from_select(["id", "title", "status"], NO_TASK),
    UPDATE_OF_NOTHING,
    task_events.insert().from_select(EVENT, NO_EVENT),
)


async def try_writes(engine: AsyncEngine) -> None:
    """Create a task, change it, and take all of it back. Raises what the driver raises."""
    values = {"id": str(uuid4()), "title": "taskflow check", "status": "PENDING", "kind": "taskflow.check"}
    async with connected(engine) as connection:
        await connection.execution_options(immediate=True)
        await connection.begin()
        await connection.execute(tasks.insert(), [values])
        await connection.execute(COPY_TO_EVENTS, {"ids": [values["id"]]})
        await locked(connection, [values["id"]])
        await connection.execute(
            tasks.update().where(tasks.c.id.in_(IDS)).values(updated_at=datetime.now(UTC)), {"ids": [values["id"]]}
        )


async def may_write(engine: AsyncEngine) -> None:
    """The same question, cheap enough for a health check: writes of no row. Raises what the driver raises."""
    if engine.dialect.name not in MYSQLS:
        return
    async with connected(engine) as connection:
        for statement in WRITES_OF_NOTHING:
            await connection.execute(statement)


async def longest_packet(engine: AsyncEngine) -> int | None:
    """The bytes that one statement may have; None for a database without such a limit."""
    if engine.dialect.name not in MYSQLS:
        return None
    async with connected(engine) as connection:
        return int(await connection.scalar(sa.text("SELECT @@max_allowed_packet")))
