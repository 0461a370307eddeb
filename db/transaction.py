"""How we talk to the database: a transaction is retried whole when it lost a race, and given up when nobody answers."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db.errors import StoreRefuses, StoreUnavailable
from taskflow.db.lifecycle import CLOCK_SKEW

logger = logging.getLogger("taskflow.db")

T = TypeVar("T")

LOST_RACES: Final = frozenset({1205, 1213, 1020})  # lock wait timeout, deadlock, record has changed
REFUSED_STATES: Final = frozenset({"22", "23"})  # classes of SQLSTATE: data exception, constraint violation
REFUSED: Final = frozenset({1366, 3819})  # the same without such a state: not in the character set, a CHECK failed
FORBIDDEN: Final = frozenset({1044, 1045, 1142, 1143, 1227, 1290, 1370, 1792, 1836})  # denied, or read-only
ATTEMPTS: Final = 10
PATIENCE: Final = timedelta(seconds=20)
ABANDONED: Final = timedelta(seconds=20)
"""How long a server waits for a client's next word before it rolls back what that has begun."""
LONGEST_OPEN: Final = PATIENCE + ABANDONED + CLOCK_SKEW
"""From the instant under which a change is recorded to its commit: what a client that was frozen may take at most."""
IMMEDIATE: Final = "immediate"
"""The option under which SQLite takes its write lock at BEGIN, so that a reader never fails to become a writer."""
WRITE_LOCK: Final = "write_lock"
"""The option that holds the lock that SQLite's writers take one after the other; other databases have none."""


def going_on_from(now: datetime) -> Callable[[], datetime]:
    """The time as it goes on from `now`, to the second below: a transaction may wait for locks, and what it gives a
    lease to has that from when it holds them.
    """
    began = time.monotonic()
    return lambda: now + timedelta(seconds=int(time.monotonic() - began))


def is_lost_race(error: BaseException) -> bool:
    return isinstance(error, sa.exc.DBAPIError) and _code(error) in LOST_RACES


def _code(error: sa.exc.DBAPIError) -> object:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments else None


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is out of reach, as opposed to having refused what it was asked.

    The driver takes what it does not know for operational; to try refused data again would never end.
    """
    if isinstance(error, sa.exc.DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        if state[:2] in REFUSED_STATES or _code(error) in REFUSED:
            return False
        return error.connection_invalidated or isinstance(error, sa.exc.InterfaceError | sa.exc.OperationalError)
    return isinstance(error, OSError | TimeoutError | sa.exc.TimeoutError)


def may_blame_one(error: Exception) -> bool:
    """Whether one of the rows in a set may be why the database refused the set."""
    return not isinstance(error, StoreUnavailable) and not is_unavailable(error)


def _write_lock(engine: AsyncEngine) -> AbstractAsyncContextManager[None]:
    """First come, first served. SQLite itself lets whoever waits for its lock sleep, and ask again, and is not fair."""
    lock: AbstractAsyncContextManager[None] | None = engine.get_execution_options().get(WRITE_LOCK)
    return lock or nullcontext()


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    """Turns every way of not being reached into StoreUnavailable."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            yield
    except Exception as error:
        if not is_unavailable(error):
            raise
        said = getattr(error, "orig", error)
        if isinstance(error, sa.exc.DBAPIError) and _code(error) in FORBIDDEN:
            logger.warning("the database refuses: %s", said)
            raise StoreRefuses from error
        logger.warning("the database can't be reached: %r", said)
        raise StoreUnavailable from error


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection whose transaction is over when the body is left.

    SQLAlchemy would end it while it closes the connection, and nothing cuts that off: not for a server that is silent.
    """
    async with engine.connect() as connection:
        try:
            yield connection
        finally:
            if connection.in_transaction():
                await connection.rollback()


async def transact(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run `work` in one transaction and commit it.

    Run again, whole, after a deadlock, a lock-wait time-out, or on a pooled connection that turned out to be dead.
    Raises StoreUnavailable when the database is away; after that a commit under way may or may not have taken effect.
    """
    async with _bounded():
        for attempt in range(1, ATTEMPTS + 1):
            committing = False
            try:
                async with _write_lock(engine), connected(engine) as connection:
                    if WRITE_LOCK in engine.get_execution_options():
                        await connection.execution_options(**{IMMEDIATE: True})
                    async with connection.begin() as transaction:
                        result = await work(connection)
                        committing = True
                        await transaction.commit()
                        return result
            except sa.exc.DBAPIError as error:
                stale = error.connection_invalidated and not committing and attempt == 1
                if attempt == ATTEMPTS or not (stale or is_lost_race(error)):
                    raise
            await asyncio.sleep(0.002 * attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def read(engine: AsyncEngine, statement: sa.Executable, values: dict[str, Any] | None = None) -> Sequence[Any]:
    """All rows of one statement. Raises StoreUnavailable."""
    async with _bounded():
        for attempt in (1, 2):
            try:
                async with connected(engine) as connection:
                    return (await connection.execute(statement, values)).all()
            except sa.exc.DBAPIError as error:
                if attempt == 2 or not error.connection_invalidated:
                    raise
    raise AssertionError("unreachable: the last attempt returns or raises")
