"""The database's revision, as a process that starts needs it: brought up to date, or waited for."""

import asyncio
import sys

import sqlalchemy as sa

from taskflow.db.errors import TaskFlowError
from taskflow.db.revision import is_current
from taskflow.db.transaction import is_unavailable
from taskflow.infra.database import ANSWER, open_database
from taskflow.infra.errors import StartError
from taskflow.infra.resources import Resources
from taskflow.infra.settings import Settings


async def migrate_database(settings: Settings) -> None:
    """To the newest revision. Raises StartError."""
    from taskflow.db.migrate import migrate  # Alembic, which most processes never need

    attempts, backoff = settings.db_connect_attempts, settings.db_connect_backoff
    async with open_database(settings.db_url, attempts=attempts, backoff=backoff) as engine:
        try:
            await migrate(engine)
        except TaskFlowError as error:
            raise StartError(f"DB_URL: {error}") from error
        except sa.exc.DBAPIError as error:
            raise StartError(f"DB_URL: the database can't be migrated: {error.orig}") from error


async def wait_for_migration(resources: Resources) -> None:
    """For as long as the settings wait for the database itself. Raises StartError."""
    settings = resources.settings
    told = ""
    for _ in range(settings.db_connect_attempts):
        reason = await _why_not(resources)
        if reason is None:
            return
        if reason != told:
            sys.stderr.write(f"{reason}\n")
            told = reason
        await asyncio.sleep(settings.db_connect_backoff.total_seconds())
    raise StartError("The database is not migrated: run `taskflow migrate`")


async def _why_not(resources: Resources) -> str | None:
    """Why the database can't be used yet; None when it can."""
    try:
        async with asyncio.timeout(ANSWER.total_seconds()):
            if await is_current(resources.engine):
                return None
    except (sa.exc.DBAPIError, OSError) as error:
        if not is_unavailable(error):
            raise
        return "The database is away again: waiting for it"
    return "The database is not migrated yet: waiting for `taskflow migrate`"
