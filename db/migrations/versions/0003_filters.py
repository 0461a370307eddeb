"""Indexes that know what a list is filtered by besides: the failed tasks of a kind, without a look at the others."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = {
    "idx_tasks_status": ["status", "created_at", "id"],
    "idx_tasks_updated_at": ["updated_at", "id"],
    "idx_tasks_kind": ["kind", "created_at", "id"],
}
AFTER = {
    "idx_tasks_status": ["status", "created_at", "id", "kind", "queue"],
    "idx_tasks_updated_at": ["updated_at", "id", "status", "kind", "queue"],
    "idx_tasks_kind": ["kind", "created_at", "id", "queue"],
}


def upgrade() -> None:
    replace(AFTER)


def downgrade() -> None:
    replace(BEFORE)


def replace(indexes: Mapping[str, list[str]]) -> None:
    """In one statement where that can be: running processes name these indexes, and must never miss one."""
    present = {index["name"]: index["column_names"] for index in sa.inspect(op.get_bind()).get_indexes("tasks")}
    wrong = {name: columns for name, columns in indexes.items() if present.get(name) != columns}
    if op.get_bind().dialect.name != "sqlite" and wrong:
        changes = [f"DROP INDEX {name}" for name in wrong if name in present]
        changes += [f"ADD INDEX {name} ({', '.join(columns)})" for name, columns in wrong.items()]
        op.execute(f"ALTER TABLE tasks {', '.join(changes)}")
        return
    for name, columns in wrong.items():
        op.drop_index(name, "tasks", if_exists=True)
        op.create_index(name, "tasks", columns)
