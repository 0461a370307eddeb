"""Which revision a database is at: cheap to ask, for processes that never migrate. Imports no Alembic."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.transaction import connected

VERSION_TABLE: Final = "taskflow_version"
"""A name of our own, so that another tool's `alembic_version` is left alone."""
REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""All of them, in order."""


async def is_current(engine: AsyncEngine) -> bool:
    """Whether it has all that this program knows of. A newer one, of a roll-out under way, has."""
    async with connected(engine) as connection:
        return await connection.run_sync(has_all)


def has_all(connection: sa.Connection) -> bool:
    """As `is_current`."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return False
    found = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return found is not None and found not in REVISIONS[:-1]
