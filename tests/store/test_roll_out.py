"""Migrations only add: the release before goes on running on the new schema, and can be gone back to.

Each migration is held to that on each database, by what it makes of the tables, columns, indexes and keys before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.migrate import migrate
from taskflow.db.revision import REVISIONS, VERSION_TABLE
from tests.store.databases import run

TAKEN_AWAY: Final = {"0004": {"index idx_tasks_title of tasks is gone", "column title of tasks_search is gone"}}
"""Before the first release: searches by title went over to `words`."""


@dataclass
class Table:
    columns: dict[str, dict[str, Any]]
    indexes: dict[str, tuple[list[Any], bool]]
    key: list[str]


async def tables(engine: AsyncEngine) -> dict[str, Table]:
    def read(connection: sa.Connection) -> dict[str, Table]:
        inspector = sa.inspect(connection)
        return {name: table(inspector, name) for name in inspector.get_table_names() if is_ours(name)}

    async with engine.connect() as connection:
        return await connection.run_sync(read)


def is_ours(name: str) -> bool:
    """SQLite's own bookkeeping of what it searches is not."""
    return name != VERSION_TABLE and not name.startswith("tasks_search_")


def table(inspector: sa.Inspector, name: str) -> Table:
    """Unique constraints, foreign keys and checks are indexes here: what an insert could break on."""
    indexes: dict[str, tuple[list[Any], bool]] = {
        str(one["name"]): (one["column_names"], bool(one["unique"])) for one in inspector.get_indexes(name)
    }
    indexes |= {str(one["name"]): (one["column_names"], True) for one in inspector.get_unique_constraints(name)}
    indexes |= {str(one["name"]): (one["constrained_columns"], True) for one in inspector.get_foreign_keys(name)}
    indexes |= {f"check {one['name']}": ([one["sqltext"]], True) for one in inspector.get_check_constraints(name)}
    columns = {column["name"]: dict(column) for column in inspector.get_columns(name)}
    return Table(columns, indexes, inspector.get_pk_constraint(name)["constrained_columns"])


def taken(before: dict[str, Table], after: dict[str, Table]) -> Iterator[str]:
    """What a program that knows `before` alone could miss in `after`, or stumble over."""
    for name, old in before.items():
        if name not in after:
            yield f"table {name} is gone"
            continue
        if old.key != after[name].key:
            yield f"the key of {name} is another"
        yield from columns_taken(name, old, after[name])
        yield from indexes_taken(name, old, after[name])


def columns_taken(name: str, old: Table, new: Table) -> Iterator[str]:
    for column in old.columns.keys() - new.columns.keys():
        yield f"column {column} of {name} is gone"
    for column, now in new.columns.items():
        was = old.columns.get(column)
        if was is None:
            if not now["nullable"] and now["default"] is None:
                yield f"column {column} of {name} has to be given"
        elif (str(was["type"]), was["default"]) != (str(now["type"]), now["default"]):
            yield f"column {column} of {name} is another"
        elif was["nullable"] and not now["nullable"]:
            yield f"column {column} of {name} takes no NULL any more"


def indexes_taken(name: str, old: Table, new: Table) -> Iterator[str]:
    for index, (columns, _) in old.indexes.items():
        if index not in new.indexes:
            yield f"index {index} of {name} is gone"
        elif new.indexes[index][0][: len(columns)] != columns:
            yield f"index {index} of {name} is another"
    for index, (_, is_unique) in new.indexes.items():
        if is_unique and not old.indexes.get(index, ([], False))[1]:
            yield f"{index} of {name} refuses what was taken"


async def test_each_migration_only_adds(empty: AsyncEngine) -> None:
    await migrate(empty, REVISIONS[0])
    before = await tables(empty)
    assert {"tasks", "task_events"} <= before.keys()
    for revision in REVISIONS[1:]:
        await migrate(empty, revision)
        after = await tables(empty)
        assert set(taken(before, after)) <= TAKEN_AWAY.get(revision, set()), revision
        before = after


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TABLE taskflow_suspects", {"table taskflow_suspects is gone"}),
        ("ALTER TABLE tasks RENAME TO works", {"table tasks is gone"}),
        ("ALTER TABLE tasks DROP COLUMN claim", {"column claim of tasks is gone"}),
        ("ALTER TABLE tasks RENAME COLUMN claim TO held", {"column claim of tasks is gone"}),
        ("ALTER TABLE tasks ADD COLUMN needed INTEGER", set()),
        ("ALTER TABLE tasks ADD COLUMN needed INTEGER NOT NULL DEFAULT 1", set()),
        ("DROP INDEX idx_tasks_queue", {"index idx_tasks_queue of tasks is gone"}),
        ("CREATE INDEX extra ON tasks (claim)", set()),
        ("CREATE UNIQUE INDEX extra ON tasks (title)", {"extra of tasks refuses what was taken"}),
    ],
)
@pytest.mark.parametrize("maker", ["sqlite"], indirect=True)
async def test_what_does_more_than_add_is_noticed(empty: AsyncEngine, change: str, said: set[str]) -> None:
    await migrate(empty)
    before = await tables(empty)
    await run(empty, change)
    assert set(taken(before, await tables(empty))) == said


def test_what_a_column_asks_for_more_than_before_is_noticed() -> None:
    def with_column(**values: Any) -> dict[str, Table]:
        column = {"name": "a", "type": sa.String(9), "nullable": True, "default": None} | values
        return {"t": Table({"a": column}, {}, ["a"])}

    without = {"t": Table({}, {}, ["a"])}
    assert [*taken(without, with_column(nullable=False))] == ["column a of t has to be given"]
    assert [*taken(with_column(), with_column(nullable=False))] == ["column a of t takes no NULL any more"]
    assert [*taken(with_column(), with_column(type=sa.String(8)))] == ["column a of t is another"]
    assert [*taken(with_column(default="1"), with_column())] == ["column a of t is another"]
