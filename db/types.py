"""What the columns hold, the same on every database; and what is read of one that holds something else."""

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from taskflow.db.lifecycle import TaskStatus


class Unreadable:
    """What a column holds that it is not for: written by another program, on a database that let it."""


UNREADABLE: Final = Unreadable()


def _lenient(process: Any) -> Any:
    """The same, with UNREADABLE for what it can't decode: one row must not spoil those beside it."""
    if process is None:
        return None

    def decode(value: Any) -> Any:
        try:
            return process(value)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return UNREADABLE

    return decode


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """DATETIME(6) in UTC; aware on this side. Raises ValueError for an instant without a zone."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name in MYSQLS else sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        return _lenient(super().result_processor(dialect, coltype))


class current_instant(FunctionElement[datetime]):  # noqa: N801 - named as SQL functions are
    """The database's clock, to the microsecond where it has them."""

    inherit_cache = True


@compiles(current_instant)
def _default_instant(element: Any, compiler: Any, **kw: Any) -> str:
    return "CURRENT_TIMESTAMP(6)"


@compiles(current_instant, "sqlite")
def _sqlite_instant(element: Any, compiler: Any, **kw: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


MYSQLS = ("mysql", "mariadb")


class JsonText(sqlite.JSON):
    """JSON in a column of type TEXT: SQLite would turn a lone number in one of type JSON into a number of its own."""


@compiles(JsonText, "sqlite")
def _json_text(element: Any, compiler: Any, **kw: Any) -> str:
    return "TEXT"


JSON = sa.JSON(none_as_null=True).with_variant(JsonText(none_as_null=True), "sqlite")


class Status(sa.Enum):
    """A TaskStatus by its name."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        return _lenient(super().result_processor(dialect, coltype))  # type: ignore[no-untyped-call]


class Flag(sa.Boolean):
    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        return _lenient(super().result_processor(dialect, coltype))  # type: ignore[no-untyped-call]


STATUS = Status(TaskStatus, name="status", native_enum=True, create_constraint=False)


def word(length: int) -> sa.types.TypeEngine[Any]:
    """A short text that is compared to the letter, case and all."""
    plain: sa.types.TypeEngine[Any] = sa.String(length)
    return plain.with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), *MYSQLS)


WORDS: sa.types.TypeEngine[Any] = sa.Text()
WORDS = WORDS.with_variant(mysql.TEXT(charset="ascii", collation="ascii_bin"), *MYSQLS)

NUMBER: sa.types.TypeEngine[Any] = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Of rows that the database counts."""
BYTES: sa.types.TypeEngine[Any] = sa.LargeBinary().with_variant(mysql.LONGBLOB(), *MYSQLS)
