"""The statements that really go out, and the plans that EXPLAIN gives for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True)
class Step:
    """One table of a plan. `access` is ALL for a full scan, index for one of an index from its start."""

    table: str
    access: str | None
    key: str | None
    extra: str

    @property
    def sorts(self) -> bool:
        return "filesort" in self.extra


@contextmanager
def sent(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that goes out in the block, with its parameters."""
    statements: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, values: Any, *rest: object) -> None:
        statements.append((statement, values))

    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(engine.sync_engine, "before_cursor_execute", note)


async def explain(engine: AsyncEngine, statements: list[tuple[str, Any]]) -> list[Step]:
    """The tables that they read, but for the results of unions, which are as long as a page."""
    async with engine.connect() as connection:
        verb = "EXPLAIN" if connection.dialect.is_mariadb else "EXPLAIN FORMAT=TRADITIONAL"  # type: ignore[attr-defined]
        rows = [
            row
            for statement, values in statements
            if not isinstance(values, list)  # many rows are only ever inserted
            for row in (await connection.exec_driver_sql(f"{verb} {statement}", values)).mappings()
        ]
    steps = [Step(row["table"] or "", row["type"], row["key"], row["Extra"] or "") for row in rows]
    return [step for step in steps if step.table in ("tasks", "task_events")]
