"""The tables that operating needs, beside the tasks: who works, what is paused, what nobody could run, who did what.

Their names begin with `taskflow_`, since other programs have tables in the same database.
"""

import sqlalchemy as sa

from taskflow.db.models import metadata
from taskflow.db.types import BYTES, JSON, NUMBER, Flag, UtcDateTime, word

workers = sa.Table(
    "taskflow_workers",
    metadata,
    sa.Column("id", word(100), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("kinds", JSON, nullable=False),
    sa.Column("queues", JSON, nullable=False),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("running", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("is_stopping", Flag, nullable=False),
    mysql_charset="utf8mb4",
)
"""Worker processes: a row each, written with every heartbeat, deleted by one that stops in order."""

kinds = sa.Table(
    "taskflow_kinds",
    metadata,
    sa.Column("name", word(100), primary_key=True),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("secrets", JSON, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    mysql_charset="utf8mb4",
)
"""What workers have said of the kinds that they run, kept when they are gone: `secrets` has the paths of the payload's
secret fields.
"""

queues = sa.Table(
    "taskflow_queues",
    metadata,
    sa.Column("name", word(100), primary_key=True),
    sa.Column("paused_at", UtcDateTime, nullable=False),
    sa.Column("paused_by", sa.String(100)),
    sa.Column("reason", sa.Text, nullable=False),
    mysql_charset="utf8mb4",
)
"""The queues that are paused."""

dead_letters = sa.Table(
    "taskflow_dead_letters",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("body", BYTES, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("queue", sa.String(255)),
    sa.Column("task_id", sa.String(36)),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("idx_taskflow_dead_letters_at", "at"),
    mysql_charset="utf8mb4",
    sqlite_autoincrement=True,
)
"""Messages that nobody could run: without a task, or no task messages at all. Of one whose `size`, in bytes, is larger
than what is kept, `body` has the beginning.
"""

suspects = sa.Table(
    "taskflow_suspects",
    metadata,
    sa.Column("digest", sa.CHAR(64), primary_key=True),
    sa.Column("begun", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    mysql_charset="utf8mb4",
)
"""Messages that came back, by the SHA-256 of their bodies: how often workers began with one and did not
end it.
"""

audit = sa.Table(
    "taskflow_audit",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(100)),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(255)),
    sa.Column("detail", JSON),
    mysql_charset="utf8mb4",
    sqlite_autoincrement=True,
)
"""Who did what: every mutation but creates that changed something."""
