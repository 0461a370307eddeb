"""Messages that nobody could run, and those that may have ended the workers that took them.

FAILED tasks are no letters: their rows say all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import audit
from taskflow.db.audit import Act
from taskflow.db.errors import LetterNotFound
from taskflow.db.operating import dead_letters, suspects
from taskflow.db.transaction import read, transact
from taskflow.db.upsert import upsert
from taskflow.db.writing import IDS, padded

FORGOTTEN: Final = timedelta(days=1)
"""How long nobody may have begun with a message before what was counted of it is forgotten."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of `taskflow_dead_letters`, in the table's own order. `size`, in bytes, is that of the whole body."""

    id: int
    reason: str
    body: bytes
    size: int
    queue: str | None
    task_id: str | None
    at: datetime

    @property
    def is_cut(self) -> bool:
        return len(self.body) < self.size


async def keep(
    engine: AsyncEngine, body: bytes, *, most: int, reason: str, queue: str, task_id: str | None, now: datetime
) -> None:
    """Note a message, with the first `most` bytes of its body. Raises StoreUnavailable."""
    values = {
        "reason": reason,
        "body": body[:most],
        "size": len(body),
        "queue": queue,
        "task_id": task_id,
        "at": now,
    }

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(dead_letters.insert().values(values))

    await transact(engine, work)


async def page(engine: AsyncEngine, *, before: int | None, limit: int) -> Sequence[Letter]:
    """The newest first, of those with ids below `before`. Raises StoreUnavailable."""
    statement = sa.select(dead_letters).order_by(dead_letters.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(dead_letters.c.id < before)
    return [Letter(*row) for row in await read(engine, statement)]


async def count(engine: AsyncEngine) -> int:
    """Raises StoreUnavailable."""
    return int((await read(engine, sa.select(sa.func.count()).select_from(dead_letters)))[0][0])


async def get(engine: AsyncEngine, letter_id: int) -> Letter:
    """Raises LetterNotFound, StoreUnavailable."""
    rows = await read(engine, sa.select(dead_letters).where(dead_letters.c.id == letter_id))
    if not rows:
        raise LetterNotFound(str(letter_id))
    return Letter(*rows[0])


async def remove(engine: AsyncEngine, letter_id: int, act: Act, *, now: datetime, if_there: bool = False) -> None:
    """Take it off the list, with the entry that says who did: `if_there`, also where somebody else has taken it off.

    Raises LetterNotFound, StoreUnavailable.
    """

    async def work(connection: AsyncConnection) -> None:
        removed = await connection.execute(dead_letters.delete().where(dead_letters.c.id == letter_id))
        if not (removed.rowcount or if_there):
            raise LetterNotFound(str(letter_id))
        await audit.write(connection, act, now=now)

    await transact(engine, work)


async def suspect(engine: AsyncEngine, digest: str, *, now: datetime) -> int:
    """Note that a worker begins with a message that came back; how often one has before, and ended nothing of it.

    Raises StoreUnavailable.
    """
    named = suspects.c.digest == digest

    async def work(connection: AsyncConnection) -> int:
        await connection.execute(suspects.delete().where(suspects.c.at < now - FORGOTTEN))
        begun: int = await connection.scalar(sa.select(suspects.c.begun).where(named).with_for_update()) or 0
        if begun:
            await connection.execute(suspects.update().where(named).values(begun=begun + 1, at=now))
        else:
            await connection.execute(suspects.insert().values(digest=digest, begun=1, at=now))
        return begun

    try:
        return await transact(engine, work)
    except sa.exc.IntegrityError:  # another worker has the same body in hand, and was first
        return await transact(engine, work)


async def suspect_new(engine: AsyncEngine, digests: Sequence[str], *, now: datetime) -> list[bool]:
    """The same for many, of those with which none has begun before: whether each is one. The others are not counted.

    Raises StoreUnavailable.
    """
    known = sa.select(suspects.c.digest).where(suspects.c.digest.in_(IDS))

    async def work(connection: AsyncConnection) -> list[bool]:
        await connection.execute(suspects.delete().where(suspects.c.at < now - FORGOTTEN))
        new = {*digests} - {*(await connection.execute(known, {"ids": padded(digests)})).scalars()}
        if new:
            rows = [{"digest": digest, "begun": 1, "at": now} for digest in sorted(new)]
            await connection.execute(upsert(suspects, connection.dialect.name, []), rows)
        found = []
        for digest in digests:
            found.append(digest in new)
            new.discard(digest)
        return found

    return await transact(engine, work)


async def clear(engine: AsyncEngine, digests: Sequence[str]) -> list[None]:
    """They were handled: no worker died of them. Raises StoreUnavailable."""

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(suspects.delete().where(suspects.c.digest.in_(IDS)), {"ids": padded(digests)})

    await transact(engine, work)
    return [None] * len(digests)
