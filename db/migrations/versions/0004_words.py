"""Titles as searches read them, the same on every database, in place of an index of titles by each database's rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from taskflow.db.titles import read_some

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEX = "CREATE FULLTEXT INDEX {name} ON tasks ({column})"
TABLE = "CREATE VIRTUAL TABLE tasks_search USING fts5(id UNINDEXED, {column}{options})"
DELETE = (
    "CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks BEGIN DELETE FROM tasks_search WHERE id = old.id; END"
)


def upgrade() -> None:
    bind = op.get_bind()
    if "words" not in {column["name"] for column in sa.inspect(bind).get_columns("tasks")}:
        text = sa.Text().with_variant(mysql.TEXT(charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
        op.add_column("tasks", sa.Column("words", text))
    if "idx_tasks_unread" not in indexes():
        only = sa.text("words IS NULL")
        op.create_index("idx_tasks_unread", "tasks", ["words"], mysql_length=1, mariadb_length=1, sqlite_where=only)
    while read_some(bind):
        if bind.dialect.name != "sqlite":  # there the whole migration is one transaction
            bind.commit()
    if bind.dialect.name == "sqlite":
        search_on_sqlite("words", ", tokenize = \"unicode61 tokenchars '_'\"")
    else:
        search_on_mysql("idx_tasks_words", "words", instead_of="idx_tasks_title")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        search_on_sqlite("title", "")
    else:
        search_on_mysql("idx_tasks_title", "title", instead_of="idx_tasks_words")
    op.drop_index("idx_tasks_unread", "tasks")
    op.drop_column("tasks", "words")


def indexes() -> set[str | None]:
    return {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("tasks")}


def search_on_mysql(name: str, column: str, *, instead_of: str) -> None:
    if name not in indexes():
        op.execute("SET SESSION innodb_ft_enable_stopword = OFF")
        op.execute(INDEX.format(name=name, column=column))
    if instead_of in indexes():
        op.drop_index(instead_of, "tasks")


def search_on_sqlite(column: str, options: str) -> None:
    """FTS5, kept up by triggers: also when a row's words come later than the row."""
    insert = f"INSERT INTO tasks_search (id, {column}) VALUES (new.id, new.{column})"  # noqa: S608 - of two constants
    when = f"WHEN new.{column} IS NOT NULL"
    later = f"AFTER UPDATE OF words ON tasks WHEN old.words IS NULL AND new.words IS NOT NULL BEGIN {insert}; END"
    for statement in (
        "DROP TRIGGER tasks_search_insert",
        "DROP TRIGGER tasks_search_delete",
        "DROP TRIGGER IF EXISTS tasks_search_later",
        "DROP TABLE tasks_search",
        TABLE.format(column=column, options=options),
        f"INSERT INTO tasks_search (id, {column}) SELECT id, {column} FROM tasks",  # noqa: S608 - of two constants
        f"CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks {when} BEGIN {insert}; END",
        DELETE,
        *([f"CREATE TRIGGER tasks_search_later {later}"] if column == "words" else []),
    ):
        op.execute(sa.text(statement.replace(":", "\\:")))
