"""SQLite's connection, with one visit to its thread for a statement, where aiosqlite makes four.

A visit wakes two threads, and costs more than most statements of ours do.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

import aiosqlite


def connect(database: str, **options: Any) -> aiosqlite.Connection:
    """Not connected yet: whoever awaits it gets it so. Its thread does not keep the process from ending."""
    connection = _Connection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True
    return connection


def _readable(text: bytes) -> str:
    return text.decode(errors="backslashreplace")


class _Cursor(aiosqlite.Cursor):
    """Brings all rows along. Nothing is left to be fetched or closed in the thread after that."""

    _rows: list[Any]

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        def run() -> list[Any]:
            return self._cursor.execute(sql, parameters or ()).fetchall()  # type: ignore[arg-type]

        def run_all_the_same() -> list[Any]:
            try:
                return run()
            except sqlite3.OperationalError as error:
                if not str(error).startswith("Could not decode"):
                    raise
                self._cursor.connection.text_factory = _readable  # another program wrote a text that is none
                return run()

        self._rows = await self._execute(run_all_the_same)  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """The statement has ended with its last row."""


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:
        return _Cursor(self, self._conn.cursor())
