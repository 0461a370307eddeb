"""SQLite's connection, with one visit to its thread for a statement, where aiosqlite makes four.

A visit wakes two threads, and costs more than most statements of ours do.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from typing import Any

import aiosqlite


def connect(database: str, **options: Any) -> aiosqlite.Connection:
    """Not connected yet: whoever awaits it gets it so. Its thread does not keep the process from ending."""

    def open_it() -> sqlite3.Connection:
        opened: sqlite3.Connection = sqlite3.connect(database, **options)
        opened.create_function("begins_word", 2, begins_word, deterministic=True)
        return opened

    connection = _Connection(open_it, iter_chunk_size=64)
    connection._thread.daemon = True
    return connection


def begins_word(text: str, word: str) -> bool:
    """A function of SQL: by reading the text, what FTS5 finds with MATCH '"word"*'."""
    phrase, words = _words(word), _words(text)
    if not phrase:
        return False
    *whole, last = phrase
    return any(
        words[at : at + len(whole)] == whole and words[at + len(whole)].startswith(last)
        for at in range(len(words) - len(whole))
    )


def _words(text: str) -> list[str]:
    """As FTS5's tokenizer unicode61 has them: letters and digits, without case and accents."""
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    return re.findall(r"[^\W_]+", text.lower())


class _Cursor(aiosqlite.Cursor):
    """Brings all rows along. Nothing is left to be fetched or closed in the thread after that."""

    _rows: list[Any]

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        def run() -> list[Any]:
            return self._cursor.execute(sql, parameters or ()).fetchall()  # type: ignore[arg-type]

        self._rows = await self._execute(run)  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """The statement has ended with its last row."""


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:
        return _Cursor(self, self._conn.cursor())
