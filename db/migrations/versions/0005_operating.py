"""What operating needs: workers, kinds, paused queues, dead letters, the audit; and a task's trace."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from taskflow.db.types import BYTES, JSON, NUMBER, Flag, UtcDateTime, word

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MADE = (
    "taskflow_workers",
    "taskflow_kinds",
    "taskflow_queues",
    "taskflow_dead_letters",
    "taskflow_suspects",
    "taskflow_audit",
)
INDEX = "idx_taskflow_dead_letters_at"


def upgrade() -> None:
    if "traceparent" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("tasks")}:
        op.add_column("tasks", sa.Column("traceparent", sa.String(55)))
    make(
        "taskflow_workers",
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
    )
    make(
        "taskflow_kinds",
        sa.Column("name", word(100), primary_key=True),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("secrets", JSON, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
    )
    make(
        "taskflow_queues",
        sa.Column("name", word(100), primary_key=True),
        sa.Column("paused_at", UtcDateTime, nullable=False),
        sa.Column("paused_by", sa.String(100)),
        sa.Column("reason", sa.Text, nullable=False),
    )
    make_numbered()
    if op.get_bind().dialect.name == "sqlite":
        forget_words(" WHEN old.words IS NOT NULL")


def make_numbered() -> None:
    """Those whose rows the database counts."""
    make(
        "taskflow_dead_letters",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("queue", sa.String(255)),
        sa.Column("task_id", sa.String(36)),
        sa.Column("at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    if INDEX not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("taskflow_dead_letters")}:
        op.create_index(INDEX, "taskflow_dead_letters", ["at"])
    make(
        "taskflow_suspects",
        sa.Column("digest", sa.CHAR(64), primary_key=True),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    make(
        "taskflow_audit",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(100)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255)),
        sa.Column("detail", JSON),
        sqlite_autoincrement=True,
    )


def forget_words(when: str) -> None:
    """A row whose words are NULL is in no search: whoever deletes many takes them out of it together beforehand, since
    SQLite looks through all of `tasks_search` for one.
    """
    op.execute("DROP TRIGGER IF EXISTS tasks_search_delete")
    body = "BEGIN DELETE FROM tasks_search WHERE id = old.id; END"
    op.execute(f"CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks{when} {body}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        forget_words("")
    for name in MADE:
        op.drop_table(name)
    op.drop_column("tasks", "traceparent")


def make(name: str, *columns: sa.Column[Any], **options: Any) -> None:
    """Unless a migration that was interrupted has made it."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *columns, mysql_charset="utf8mb4", **options)
