"""Who did what: entries are written in the transaction of what they tell, and read by key, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.operating import audit
from taskflow.db.transaction import read

LONGEST_ACTOR: Final = 100


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: `action` is the mutation's name, `subject` the id or name of what it changed.

    `detail` is JSON, and never has a payload, a message's body or a secret in it.
    """

    actor: str | None
    action: str
    subject: str
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `taskflow_audit`."""

    id: int
    at: datetime
    actor: str | None
    action: str
    subject: str | None
    detail: dict[str, Any] | None


async def write(connection: AsyncConnection, act: Act, *, now: datetime) -> None:
    """In the transaction that changes what `act` tells of: the one is there if and only if the other is."""
    values = {
        "at": now,
        "actor": act.actor and act.actor[:LONGEST_ACTOR],
        "action": act.action,
        "subject": act.subject,
        "detail": act.detail,
    }
    await connection.execute(audit.insert().values(values))


async def page(engine: AsyncEngine, *, before: int | None, limit: int) -> Sequence[Entry]:
    """The newest first, of those with ids below `before`. Raises StoreUnavailable."""
    statement = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [Entry(*row) for row in await read(engine, statement)]
