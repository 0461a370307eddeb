"""Tasks and their events; adopts a documented `tasks` table that is there already.

It adds what is missing and nothing else, step by step, so that one that was interrupted is run again.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from taskflow.db.errors import MigrationRefused

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MYSQLS = ("mysql", "mariadb")
STATUSES = ("PENDING", "PROCESSING", "DONE", "FAILED", "CANCELLED")
ADOPTED_LEASE = timedelta(minutes=5)
"""For adopted rows that are PROCESSING, whose worker knows of no lease: then they are taken for lost."""
OTHER_TABLE = "The table tasks is not the documented one:"
INDEXES = {
    "idx_tasks_status": ["status", "created_at", "id"],
    "idx_tasks_created_at": ["created_at", "id"],
    "idx_tasks_updated_at": ["updated_at", "id"],
    "idx_tasks_kind": ["kind", "created_at", "id"],
    "idx_tasks_queue": ["queue", "created_at", "id"],
    "idx_tasks_dispatch": ["status", "dispatch_at", "queue"],
}


def on_mysql() -> bool:
    return op.get_bind().dialect.name in MYSQLS


def json() -> sa.types.TypeEngine[Any]:
    """Text where type JSON keeps less than a payload may hold: MariaDB's check takes 31 levels; SQLite's column turns a
    lone number into one of its own.
    """
    if getattr(op.get_bind().dialect, "is_mariadb", False):
        return mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin")
    return sa.JSON().with_variant(sa.Text(), "sqlite")


def instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), *MYSQLS)


def word(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), *MYSQLS)


def status() -> sa.types.TypeEngine[Any]:
    return sa.Enum(*STATUSES, name="status", native_enum=True, create_constraint=False)


def now(on_update: bool = False) -> sa.TextClause:
    if not on_mysql():
        return sa.text("(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')")
    return sa.text("CURRENT_TIMESTAMP(6)" + (" ON UPDATE CURRENT_TIMESTAMP(6)" if on_update else ""))


def documented_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.CHAR(36), primary_key=True),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("payload", json()),
        sa.Column("status", status(), nullable=False),
        sa.Column("created_at", instant(), nullable=False, server_default=now()),
        sa.Column("updated_at", instant(), nullable=False, server_default=now(on_update=True)),
        sa.Column("finished_at", instant()),
    ]


def added_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("kind", word(100), nullable=False, server_default="message"),
        sa.Column("queue", word(100), nullable=False, server_default="default"),
        sa.Column("message", sa.Text),
        sa.Column("result", json()),
        sa.Column("error", json()),
        sa.Column("progress", sa.Double),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("max_attempts", sa.Integer),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("claim", sa.Integer),
        sa.Column("worker_id", sa.String(100)),
        sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("dispatch_at", instant()),
        sa.Column("run_at", instant()),
        sa.Column("started_at", instant()),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("idempotency_key", word(128)),
        sa.Column("idempotency_digest", sa.CHAR(64)),
    ]


def upgrade() -> None:
    inspector = sa.inspect(op.get_bind())
    tables = inspector.get_table_names()
    if "tasks" in tables:
        adopt_tasks(inspector)
    else:
        op.create_table("tasks", *documented_columns(), *added_columns(), mysql_charset="utf8mb4")
    create_indexes()
    create_search()
    if "task_events" not in tables:
        create_events()


def adopt_tasks(inspector: sa.Inspector) -> None:
    columns = {column["name"]: column for column in inspector.get_columns("tasks")}
    missing = [column.name for column in documented_columns() if column.name not in columns]
    if missing:
        raise MigrationRefused(f"{OTHER_TABLE} it has no column {', '.join(missing)}.")
    key = inspector.get_pk_constraint("tasks")["constrained_columns"]
    if key != ["id"] or not isinstance(columns["id"]["type"], sa.String):
        raise MigrationRefused(f"{OTHER_TABLE} its primary key is not a text id.")
    if on_mysql():
        widen_texts(columns["status"])
    with op.batch_alter_table("tasks", recreate="never") as table:
        for column in added_columns():
            if column.name not in columns:
                table.add_column(column)
    running = sa.text("status = 'PROCESSING' AND version = 0 AND dispatch_at IS NULL")
    tasks = sa.table("tasks", sa.column("dispatch_at", instant()), sa.column("updated_at"))
    until = datetime.now(UTC).replace(tzinfo=None) + ADOPTED_LEASE
    op.execute(tasks.update().where(running).values(dispatch_at=until, updated_at=tasks.c.updated_at))


def widen_texts(status_column: Any) -> None:
    """The table takes CANCELLED for a status, its default kept, and every character for a text."""
    if "CANCELLED" not in getattr(status_column["type"], "enums", STATUSES):
        op.alter_column(
            "tasks",
            "status",
            type_=status(),
            existing_type=status_column["type"],
            nullable=False,
            existing_server_default=sa.text(status_column["default"]) if status_column["default"] else False,
        )
    if charset_and_collation("title")[0] != "utf8mb4":
        op.execute("ALTER TABLE tasks CONVERT TO CHARACTER SET utf8mb4")


def charset_and_collation(column: str) -> tuple[str, str]:
    found = op.get_bind().execute(
        sa.text(
            "SELECT character_set_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND table_name = 'tasks' AND column_name = :column"
        ),
        {"column": column},
    )
    charset, collation = found.one()
    return charset, collation


def create_indexes() -> None:
    inspector = sa.inspect(op.get_bind())
    present = {index["name"]: index["column_names"] for index in inspector.get_indexes("tasks")}
    for name, columns in INDEXES.items():
        if name in present and present[name] != columns:
            op.drop_index(name, "tasks")
        if present.get(name) != columns:
            op.create_index(name, "tasks", columns)
    if "uq_tasks_idempotency_key" not in present:
        op.create_index("uq_tasks_idempotency_key", "tasks", ["idempotency_key"], unique=True)


def create_search() -> None:
    """Words of titles: a full-text index on MySQL, with no word left out; FTS5 on SQLite, kept up by triggers."""
    if on_mysql():
        indexes = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("tasks")}
        if "idx_tasks_title" not in indexes:
            op.execute("SET SESSION innodb_ft_enable_stopword = OFF")
            op.execute("CREATE FULLTEXT INDEX idx_tasks_title ON tasks (title)")
        return
    for statement in (
        "CREATE VIRTUAL TABLE IF NOT EXISTS tasks_search USING fts5(id UNINDEXED, title)",
        "INSERT INTO tasks_search (id, title) SELECT id, title FROM tasks "
        "WHERE id NOT IN (SELECT id FROM tasks_search)",
        "CREATE TRIGGER IF NOT EXISTS tasks_search_insert AFTER INSERT ON tasks "
        "BEGIN INSERT INTO tasks_search (id, title) VALUES (new.id, new.title); END",
        "CREATE TRIGGER IF NOT EXISTS tasks_search_delete AFTER DELETE ON tasks "
        "BEGIN DELETE FROM tasks_search WHERE id = old.id; END",
    ):
        op.execute(statement)


def create_events() -> None:
    task_id: sa.types.TypeEngine[Any] = sa.CHAR(36)
    if on_mysql():  # compared with tasks.id in joins, which only works in the same collation
        charset, collation = charset_and_collation("id")
        task_id = mysql.CHAR(36, charset=charset, collation=collation)
    op.create_table(
        "task_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("task_id", task_id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", status(), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("error", json()),
        sa.Column("worker_id", sa.String(100)),
        sa.Column("at", instant(), nullable=False),
        sa.UniqueConstraint("task_id", "version", name="uq_task_events_task_id"),
        mysql_charset="utf8mb4",
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Back to the documented table, its rows kept: what was adopted is given back."""
    op.drop_table("task_events")
    if on_mysql():
        op.drop_index("idx_tasks_title", "tasks")
    else:
        for what in ("TRIGGER tasks_search_insert", "TRIGGER tasks_search_delete", "TABLE tasks_search"):
            op.execute(f"DROP {what}")
    for name in (*INDEXES, "uq_tasks_idempotency_key"):
        op.drop_index(name, "tasks")
    op.create_index("idx_tasks_status", "tasks", ["status"])
    for column in added_columns():
        op.drop_column("tasks", column.name)
