"""Titles that none of our processes has written: another program inserted the row, or an older release did."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.transaction import transact
from taskflow.db.words import spelled

AT_A_TIME: Final = 200

unread = sa.table("tasks", *(sa.column(name) for name in ("id", "title", "words", "updated_at")))
"""What is used of the table here, whatever else the models have by now: a migration reads titles too."""
SOME: Final = (
    sa.select(unread.c.id, unread.c.title)
    .where(unread.c.words.is_(None))
    .limit(AT_A_TIME)
    .with_for_update(skip_locked=True)
)


async def read_titles(engine: AsyncEngine) -> int:
    """Make some of them known to searches; how many. Raises StoreUnavailable."""

    async def work(connection: AsyncConnection) -> int:
        return await connection.run_sync(read_some)

    return await transact(engine, work)


def read_some(connection: sa.Connection) -> int:
    """Within the caller's transaction. Rows that somebody else has locked come another time."""
    titles = {row.id: row.title for row in connection.execute(SOME)}
    if titles:
        words = sa.case({id_: spelled(title) for id_, title in titles.items()}, value=unread.c.id)
        same = unread.update().where(unread.c.id.in_(titles))
        connection.execute(same.values(words=words, updated_at=unread.c.updated_at))
    return len(titles)
