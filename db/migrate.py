"""Alembic, run on an engine of ours. Our bookkeeping table has a name of its own, so another tool's is left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.errors import MigrationRefused
from taskflow.db.revision import has_all

LOCK: Final = sa.func.concat("taskflow ", sa.func.left(sa.func.database(), 50))
"""Named after the database: such a lock is the whole server's."""
LOCK_WAIT_SECONDS: Final = 120


def config(connection: sa.Connection | None = None) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """To the newest revision. Safe to run twice, and by two processes at once: the second waits, and finds it done.
    What a newer release has migrated is left as it is: who goes back to an older one keeps the schema.

    Raises MigrationRefused when a table of our name is another one, or when the first of two takes too long.
    """
    async with engine.connect() as connection:
        await connection.execution_options(immediate=True)
        await connection.run_sync(_upgrade, revision)


def _upgrade(connection: sa.Connection, revision: str) -> None:
    with _alone(connection):
        if not has_all(connection):
            command.upgrade(config(connection), revision)
        connection.commit()


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Until what was done is committed: else the next one in line does not see it, and does it again."""
    if connection.dialect.name == "sqlite":  # BEGIN IMMEDIATE is the lock
        yield
        return
    if connection.scalar(sa.select(sa.func.get_lock(LOCK, LOCK_WAIT_SECONDS))) != 1:
        raise MigrationRefused(f"Another migration is still running after {LOCK_WAIT_SECONDS} s.")
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(sa.select(sa.func.release_lock(LOCK)))
