"""How large the tables are that grow with each task: as the database knows without counting, where it does."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.models import task_events, tasks
from taskflow.db.transaction import read, transact
from taskflow.db.types import MYSQLS

OF_TABLES: Final = sa.text(
    "SELECT table_name AS name, COALESCE(table_rows, 0) AS amount, COALESCE(data_length + index_length, 0) AS bytes "
    "FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ('tasks', 'task_events')"
)
OF_THE_FILE: Final = sa.text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")


@dataclass(frozen=True, slots=True)
class Storage:
    """`tasks` and `events` are rows: estimates on MySQL and MariaDB. `bytes` is both tables with their indexes, but the
    index of words; on SQLite the whole file.
    """

    tasks: int
    events: int
    bytes: int


async def measure(engine: AsyncEngine) -> Storage:
    """Raises StoreUnavailable."""
    if engine.dialect.name in MYSQLS:
        return await transact(engine, _of_server)
    counted = [await read(engine, sa.select(sa.func.count()).select_from(one)) for one in (tasks, task_events)]
    return Storage(counted[0][0][0], counted[1][0][0], (await read(engine, OF_THE_FILE))[0][0])


async def _of_server(connection: AsyncConnection) -> Storage:
    if not connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        await connection.execute(sa.text("SET SESSION information_schema_stats_expiry = 0"))  # else a day old
    found = {row.name: row for row in await connection.execute(OF_TABLES)}
    total = sum(int(row.bytes) for row in found.values())
    return Storage(int(found["tasks"].amount), int(found["task_events"].amount), total)
