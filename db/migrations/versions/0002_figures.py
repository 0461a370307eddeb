"""An index for the figures: what ended when, how, and how long it took, without a look at the rows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEX = "idx_tasks_finished_at"


def upgrade() -> None:
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("tasks")}
    if INDEX not in present:
        op.create_index(INDEX, "tasks", ["finished_at", "status", "kind", "duration_ms"])


def downgrade() -> None:
    op.drop_index(INDEX, "tasks")
