"""A task in the caller's own transaction: it exists if and only if that commits. Never commits by itself."""

import os
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, overload

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from taskflow.db.lifecycle import created
from taskflow.db.models import NewTask, tasks
from taskflow.db.rows import COPY_TO_EVENTS, state_row
from taskflow.infra.errors import Conflict, InvalidTask
from taskflow.infra.input import InvalidInput
from taskflow.infra.new_task import validate
from taskflow.infra.settings import PAYLOAD_MAX_BYTES
from taskflow.worker.submission import Target, to_input


@overload
def insert(
    connection: sa.Connection | Session, handler_or_kind: object, payload: object = None, **options: Any
) -> str: ...
@overload
def insert(
    connection: AsyncConnection | AsyncSession, handler_or_kind: object, payload: object = None, **options: Any
) -> Awaitable[str]: ...


def insert(
    connection: sa.Connection | Session | AsyncConnection | AsyncSession,
    handler_or_kind: object,
    payload: object = None,
    **options: Any,
) -> str | Awaitable[str]:
    """Insert the task and the first event of its history; its id, to be awaited on an async connection or session.

    A worker's dispatcher hands it over within a second of the commit. The payload and the options are checked, and
    mean the same, as in `Client.submit`. The database is the one that TaskFlow uses, at its newest revision. Raises
    InvalidTask, and Conflict when the key was used with another input.
    """
    new = _new_task(handler_or_kind, payload, options)
    if isinstance(connection, AsyncConnection):
        return connection.run_sync(_insert, new)
    if isinstance(connection, AsyncSession):
        return connection.run_sync(lambda session: _insert(session.connection(), new))
    return _insert(connection.connection() if isinstance(connection, Session) else connection, new)


def _new_task(handler_or_kind: object, payload: object, options: Any) -> NewTask:
    asked = to_input(Target.of(handler_or_kind), payload, options, now=datetime.now(UTC))
    try:
        [new] = validate([asked], payload_max_bytes=int(os.environ.get("PAYLOAD_MAX_BYTES") or PAYLOAD_MAX_BYTES))
    except InvalidInput as error:
        raise InvalidTask({one.field: one.message for one in error.problems}) from None
    return new


def _insert(connection: sa.Connection, new: NewTask) -> str:
    connection.execute(_insert_unless_known(connection.dialect.name), [_row(new)])
    if new.idempotency_key is not None:
        same = tasks.c.idempotency_key == new.idempotency_key
        found = sa.select(tasks.c.id, tasks.c.idempotency_digest).where(same).with_for_update()
        known = connection.execute(found).one()
        if known.id != new.id and known.idempotency_digest != new.digest:
            raise Conflict(f"Key {new.idempotency_key!r} was used for task {known.id} with another input.")
        if known.id != new.id:
            return str(known.id)
    connection.execute(COPY_TO_EVENTS, {"ids": [new.id]})
    return new.id


def _insert_unless_known(dialect: str) -> sa.Insert:
    """The unique index decides, also between two transactions. A savepoint would end the caller's own on SQLite."""
    if dialect == "sqlite":
        return sqlite_insert(tasks).on_conflict_do_nothing(index_elements=["idempotency_key"])
    return mysql_insert(tasks).on_duplicate_key_update(id=tasks.c.id)


def _row(new: NewTask) -> dict[str, Any]:
    """Due at once, or at its date: what is inserted here has nobody but a dispatcher to publish it."""
    now = datetime.now(UTC)
    state = state_row(created(now=now, run_at=new.run_at, max_attempts=new.max_attempts))
    state["dispatch_at"] = max(now, new.run_at or now)
    return state | {
        "id": new.id,
        "title": new.title,
        "payload": new.payload,
        "kind": new.kind,
        "queue": new.queue,
        "created_at": now,
        "idempotency_key": new.idempotency_key,
        "idempotency_digest": new.digest,
    }
