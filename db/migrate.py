"""Alembic, run on an engine of ours. Our bookkeeping table has a name of its own, so another tool's is left alone."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncEngine

LOCK_NAME: Final = "taskflow_migrate"
LOCK_WAIT_SECONDS: Final = 120


def config(connection: sa.Connection | None = None) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """To the newest revision. Safe to run twice, and by two processes at once: the second waits, and finds it done."""
    async with engine.connect() as connection:
        await connection.execution_options(immediate=True)
        await connection.run_sync(_upgrade, revision)
        await connection.commit()


def _upgrade(connection: sa.Connection, revision: str) -> None:
    if connection.dialect.name == "sqlite":  # BEGIN IMMEDIATE is the lock
        command.upgrade(config(connection), revision)
        return
    got = connection.scalar(sa.text("SELECT GET_LOCK(:name, :wait)"), {"name": LOCK_NAME, "wait": LOCK_WAIT_SECONDS})
    if got != 1:
        raise RuntimeError("another migration is still running")
    try:
        command.upgrade(config(connection), revision)
    finally:
        connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": LOCK_NAME})
