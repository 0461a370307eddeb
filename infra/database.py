"""An engine from DB_URL: MySQL or MariaDB over asyncmy, SQLite over aiosqlite; sessions in UTC."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncmy
import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from taskflow.db.rights import longest_packet
from taskflow.db.transaction import ABANDONED, connected
from taskflow.infra import sqlite
from taskflow.infra.connecting import Attempts, Refused, Unreachable, connect, is_no_tls
from taskflow.infra.errors import StartError
from taskflow.infra.urls import tls_context
from taskflow.infra.wire import dump_json

logger = logging.getLogger("taskflow.db")

REFUSED = frozenset({1044, 1045, 1049, 1130, 1251, 1698, 1862, 2059, 3118, 3159, 4151})
"""Access denied, no such database, a host, a login or a password that is not taken: trying again can't help."""

SESSION = (
    "SET SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = 5, "
    "SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION' "
    f"/*!80000 , SESSION wait_timeout = {ABANDONED.seconds}, SESSION information_schema_stats_expiry = 0 */"
    f"/*M!100301 , SESSION idle_transaction_timeout = {ABANDONED.seconds} */"
)
"""The same on every server, whatever its own settings say: what does not fit is refused, never cut; and a transaction
whose client says nothing more, frozen or cut off, is rolled back with its locks: MariaDB has a limit for that alone.
And MySQL tells how large a table is now, not a day ago.
"""


ANSWER: Final = timedelta(seconds=5)
"""What has not answered by then at the start is taken for gone, and asked again over another connection."""
STATEMENT_ROOM: Final = 64 * 1024
"""Bytes that a statement has beside one payload."""


class DatabaseUnavailable(StartError):
    """The database can't be reached or won't let us in. Its text is one line for the operator, without the password."""


@asynccontextmanager
async def open_database(
    url: str,
    *,
    attempts: int,
    backoff: timedelta,
    echo: bool = False,
    pool_size: int = 10,
    payload_max_bytes: int | None = None,
) -> AsyncIterator[AsyncEngine]:
    """An engine that has answered once, and takes payloads of that size where one is given.

    Raises DatabaseUnavailable after `attempts` tries, or at once when refused, and StartError for the size. The tries
    are `backoff` apart at first, then twice as long, up to five times `backoff`.
    """
    _check_folder(sa.make_url(url))
    engine = create_engine(url, echo=echo, pool_size=pool_size)
    try:
        place = f"DB_URL: {engine.url.render_as_string(hide_password=True)}"
        await connect(
            partial(_contact, engine, payload_max_bytes),
            place,
            Attempts(attempts, backoff),
            failure=DatabaseUnavailable,
            logger=logger,
        )
        yield engine
    finally:
        await engine.dispose()


def _check_folder(url: sa.URL) -> None:
    """SQLite makes its file, never the folder around it: waiting can't help. Raises DatabaseUnavailable."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        if not folder.is_dir():
            raise DatabaseUnavailable(f"DB_URL: there is no folder {folder}")


def _in_one_place(url: sa.URL) -> sa.URL:
    """A file stays the same one when a handler changes the directory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith((":memory:", "file:")):
        return url
    return url.set(database=str(Path(url.database).absolute()))


def create_engine(url: str, *, echo: bool = False, pool_size: int = 10) -> AsyncEngine:
    parsed = _in_one_place(sa.make_url(url))
    options: dict[str, Any] = {
        "echo": echo,
        "json_serializer": lambda value: dump_json(value).decode(),
        "json_deserializer": _load_json,
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 10,
        "pool_reset_on_return": None,  # every transaction of ours is ended by who began it: saves a round trip
        "hide_parameters": True,
    }
    if parsed.get_backend_name() == "sqlite":
        engine = create_async_engine(
            parsed,
            connect_args={
                "timeout": float(str(parsed.query.get("timeout", 15))),
                "isolation_level": None,
                "check_same_thread": False,  # a cursor is made in this one, and used in the connection's
                "async_creator_fn": sqlite.connect,
            },
            execution_options={"write_lock": asyncio.Lock()},
            **options,
        )
        _prepare_sqlite(engine)
        return engine
    return create_async_engine(
        parsed.difference_update_query([name for name in parsed.query if name.startswith("ssl")]),
        isolation_level="READ COMMITTED",
        pool_recycle=ABANDONED.seconds * 3 // 4,  # before the server takes an idle one for abandoned
        connect_args={
            "async_creator_fn": _connect_mysql,
            "ssl": tls_context(parsed),
            "connect_timeout": int(str(parsed.query.get("connect_timeout", 5))),
            "charset": "utf8mb4",
            "init_command": SESSION,
            "stmt_cache_size": 64,  # turns on prepared statements
        },
        **options,
    )


async def _connect_mysql(**options: Any) -> Any:
    """Raises ConnectionResetError when the server hangs up at once: on uvloop, asyncmy then misses its socket."""
    try:
        return await asyncmy.connect(**options)
    except RuntimeError as error:
        raise ConnectionResetError(str(error)) from error


def _load_json(stored: str) -> Any:
    """What is not JSON comes back as it is: where the column takes any text, one row must not spoil a page."""
    try:
        return orjson.loads(stored)
    except (orjson.JSONDecodeError, TypeError):
        return stored


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @sa.event.listens_for(engine.sync_engine, "connect")
    def _set_pragmas(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000", "cache_size=-65536"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    @sa.event.listens_for(engine.sync_engine, "invalidate")
    def _roll_back(connection: Any, record: Any, error: BaseException | None) -> None:
        """What a cancellation cut off. Closed alone, it keeps its lock for as long as a traceback names its cursor."""
        connection.rollback()


def connections(engine: AsyncEngine) -> Iterable[tuple[str, Mapping[tuple[str, ...], float]]]:
    """How the pool is used, as gauges."""
    pool = engine.pool
    if isinstance(pool, sa.pool.QueuePool):
        in_use = pool.checkedout()
        yield "taskflow_database_connections", {("in_use",): in_use, ("idle",): pool.checkedin()}
        yield "taskflow_database_connections_max", {(): 2 * pool.size()}  # see max_overflow


async def ping(engine: AsyncEngine) -> None:
    """A round trip. Raises whatever the driver raises."""
    async with connected(engine) as connection:
        await connection.execute(sa.text("SELECT 1"))


async def check_packets(engine: AsyncEngine, payload_max_bytes: int) -> str:
    """That the server takes a statement with the largest payload in it. Raises StartError with what to change."""
    most = await longest_packet(engine)
    if most is None:
        return "no limit"
    if most < 2 * payload_max_bytes + STATEMENT_ROOM:  # each character of it may come escaped
        raise StartError(
            f"max_allowed_packet is {most} bytes: a payload or result of PAYLOAD_MAX_BYTES={payload_max_bytes} "
            "may not fit, which takes twice as many; raise the one or lower the other"
        )
    return f"max_allowed_packet is {most} bytes"


async def _contact(engine: AsyncEngine, payload_max_bytes: int | None) -> None:
    try:
        async with asyncio.timeout(ANSWER.total_seconds()):
            await ping(engine)
            if payload_max_bytes is not None:
                await check_packets(engine, payload_max_bytes)
    except (sa.exc.DBAPIError, OSError) as error:
        cause = getattr(error, "orig", error)
        code, text = (cause.args[0], str(cause.args[-1])) if cause.args else (None, type(cause).__name__)
        raise (Refused if code in REFUSED or is_no_tls(error) else Unreachable)(text) from error
