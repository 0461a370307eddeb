"""What Alembic runs: on the connection that `db.migrate` hands over, or on DB_URL when called from its command line."""

import asyncio
import os

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

import taskflow.db.operating  # noqa: F401 - its tables are in the same metadata
from taskflow.db.models import metadata
from taskflow.db.revision import VERSION_TABLE

SEARCH_INDEX = "idx_tasks_words"
"""Of the words of titles. Only MySQL has it, so the models don't."""


def is_ours(name: str | None, type_: str, parents: object) -> bool:
    return name in metadata.tables if type_ == "table" else name != SEARCH_INDEX


def run(connection: sa.Connection) -> None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):  # Alembic would name its key, and MySQL warn of that
        connection.execute(sa.text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        include_name=is_ours,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_url(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_on_url(os.environ.get("DB_URL", "sqlite+aiosqlite:///taskflow.db")))
