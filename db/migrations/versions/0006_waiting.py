"""An index that knows since when what is due waits in its queue."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = "idx_tasks_dispatch"
BEFORE = ("status", "dispatch_at", "queue")
AFTER = (*BEFORE, "run_at", "updated_at")


def upgrade() -> None:
    replace(AFTER)


def downgrade() -> None:
    replace(BEFORE)


def replace(columns: Sequence[str]) -> None:
    """In one statement where that can be: a dispatcher must never miss it."""
    present = {index["name"]: index["column_names"] for index in sa.inspect(op.get_bind()).get_indexes("tasks")}
    if present.get(INDEX) == [*columns]:
        return
    if op.get_bind().dialect.name != "sqlite":
        drop = f"DROP INDEX {INDEX}, " if INDEX in present else ""
        op.execute(f"ALTER TABLE tasks {drop}ADD INDEX {INDEX} ({', '.join(columns)})")
        return
    op.drop_index(INDEX, "tasks", if_exists=True)
    op.create_index(INDEX, "tasks", [*columns])
