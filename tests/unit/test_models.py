"""Records and tables agree: rows become records by position."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from taskflow.db import operating
from taskflow.db.lifecycle import State
from taskflow.db.models import Task, TaskEvent, task_events, tasks
from taskflow.db.types import UtcDateTime
from taskflow.db.workers import Kind, Worker
from taskflow.db.writing import padded


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        (Task, tasks.c.keys()),
        (TaskEvent, task_events.c.keys()),
        (Worker, operating.workers.c.keys()),
        (Kind, operating.kinds.c.keys()),
    ],
)
def test_a_record_has_the_columns_of_what_it_is_read_from_in_their_order(record: type, columns: list[str]) -> None:
    assert [field.name for field in fields(record)] == columns


def test_all_that_the_lifecycle_knows_is_a_column() -> None:
    assert {field.name for field in fields(State)} < set(tasks.c.keys())


@pytest.mark.parametrize("dialect", [mysql.dialect(), sqlite.dialect()])
def test_instants_are_stored_in_utc_and_read_with_a_zone(dialect: sa.Dialect) -> None:
    noon = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
    stored = UtcDateTime().process_bind_param(noon.astimezone(timezone(timedelta(hours=5, minutes=45))), dialect)
    assert stored == noon.replace(tzinfo=None)
    assert UtcDateTime().process_result_value(stored, dialect) == noon
    assert UtcDateTime().process_bind_param(None, dialect) is None
    assert UtcDateTime().process_result_value(None, dialect) is None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 200])
def test_ids_are_padded_to_few_lengths_with_nothing_new(count: int) -> None:
    ids = [f"{number:03}" for number in range(count)][::-1]
    filled = padded(ids)
    assert sorted(set(filled)) == sorted(ids)
    assert filled == sorted(filled)
    assert len(filled) & (len(filled) - 1) == 0
    assert len(filled) < 2 * count
