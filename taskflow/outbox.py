"""A task in the caller's own transaction: it exists if and only if that commits. Never commits by itself."""

import os
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, overload

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from taskflow.db import outbox
from taskflow.db.errors import IdempotencyConflict
from taskflow.db.models import NewTask
from taskflow.infra.errors import Conflict
from taskflow.infra.new_task import validate_one
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
    return validate_one(asked, payload_max_bytes=int(os.environ.get("PAYLOAD_MAX_BYTES") or PAYLOAD_MAX_BYTES))


def _insert(connection: sa.Connection, new: NewTask) -> str:
    try:
        return outbox.insert(connection, new, now=datetime.now(UTC))
    except IdempotencyConflict as error:
        raise Conflict(str(error)) from None
