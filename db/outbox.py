"""A task in somebody else's transaction, open for hours maybe: a row alone, recorded once somebody finds it."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from taskflow.db.errors import IdempotencyConflict
from taskflow.db.models import NewTask, tasks
from taskflow.db.rows import task_row
from taskflow.db.tasks import first_row


def insert(connection: sa.Connection, new: NewTask, *, now: datetime) -> str:
    """The id of the task: the one that has the key already, where there is one. Raises IdempotencyConflict.

    Due at once: what is inserted here has nobody but a dispatcher to record and to publish it.
    """
    row = replace(first_row(new, now), version=0, dispatch_at=now)
    connection.execute(_insert_unless_known(connection.dialect.name), [task_row(row)])
    if new.idempotency_key is not None:
        same = tasks.c.idempotency_key == new.idempotency_key
        found = sa.select(tasks.c.id, tasks.c.idempotency_digest).where(same).with_for_update()
        known = connection.execute(found).one()
        if known.id != new.id and known.idempotency_digest != new.digest:
            raise IdempotencyConflict(new.idempotency_key, known.id)
        return str(known.id)
    return new.id


def _insert_unless_known(dialect: str) -> sa.Insert:
    """The unique index decides, also between two transactions. A savepoint would end the caller's own on SQLite."""
    if dialect == "sqlite":
        return sqlite_insert(tasks).on_conflict_do_nothing(index_elements=["idempotency_key"])
    return mysql_insert(tasks).on_duplicate_key_update(id=tasks.c.id)
