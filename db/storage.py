"""How large the tables are that grow with each task: as the database knows without counting, where it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.models import task_events, tasks
from taskflow.db.transaction import read
from taskflow.db.types import MYSQLS

OF_TABLES: Final = sa.text(
    "SELECT table_name AS name, table_rows AS count, data_length + index_length AS size FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND (table_name IN ('tasks', 'task_events') OR table_name LIKE 'taskflow\\_%')"
)
OF_THE_FILE: Final = sa.text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")


@dataclass(frozen=True, slots=True)
class Size:
    """`size` is in bytes, with indexes; `rows` is None where the database keeps no count."""

    rows: int | None
    size: int


async def sizes(engine: AsyncEngine) -> Mapping[str, Size]:
    """How large our tables are, as MySQL estimates them; SQLite's whole file, as `all`. Raises StoreUnavailable."""
    if engine.dialect.name not in MYSQLS:
        return {"all": Size(None, int((await read(engine, OF_THE_FILE))[0][0]))}
    return {row.name: Size(int(row.count or 0), int(row.size or 0)) for row in await read(engine, OF_TABLES)}


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
    found = await sizes(engine)
    if engine.dialect.name in MYSQLS:
        ours, theirs = found["tasks"], found["task_events"]
        return Storage(ours.rows or 0, theirs.rows or 0, ours.size + theirs.size)
    counted = [await read(engine, sa.select(sa.func.count()).select_from(one)) for one in (tasks, task_events)]
    return Storage(counted[0][0][0], counted[1][0][0], found["all"].size)
