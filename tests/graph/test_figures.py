"""What ended over time: from rows to the schema, on the twins."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from taskflow.db import figures
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.graph.figures.throughput import (
    COARSE,
    FINE,
    LONGEST_READ,
    FiguresCache,
    Ledger,
    Span,
    Way,
    next_length,
    quantiles,
    summarise,
)
from taskflow.infra.resources import Resources

NOW = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
HISTORY = """
query ($span: Span!) {
  history(span: $span) {
    stepSeconds
    steps { at done failed cancelled p50Ms p95Ms }
    kinds { kind done failed cancelled p50Ms p95Ms }
  }
  kinds
  queues { name waiting running }
}
"""


def row(number: int, at: datetime, status: str = "DONE", ms: int | None = 100, **values: Any) -> dict[str, Any]:
    row = {"id": f"{number:036}", "title": "Resize album", "status": status, "kind": "resize", "queue": "default"}
    return row | {"finished_at": at, "duration_ms": ms} | values


async def insert(resources: Resources, *rows: dict[str, Any]) -> None:
    async with resources.engine.begin() as connection:
        await connection.execute(sa.insert(tasks), rows)


@pytest.fixture
async def statements(resources: Resources) -> AsyncIterator[list[str]]:
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.extend([statement] if "tasks" in statement else [])

    sa.event.listen(resources.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(resources.engine.sync_engine, "before_cursor_execute", note)


async def plan(resources: Resources, statement: sa.Select[Any]) -> str:
    async with resources.engine.connect() as connection:
        compiled = statement.compile(resources.engine, compile_kwargs={"render_postcompile": True})
        rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(compiled.params.values()))
        return "\n".join(row.detail for row in rows)


def test_quantiles_are_the_nearest_that_was_there() -> None:
    assert list(quantiles(Counter({10: 9, 500: 1}), (0.5, 0.9, 0.95))) == [10, 10, 500]
    assert list(quantiles(Counter(), (0.5, 0.95))) == [None, None]


def test_a_summary_counts_each_status_and_leaves_out_what_never_ran() -> None:
    ended = Counter({Way("a", TaskStatus.DONE, 20): 3, Way("a", TaskStatus.CANCELLED, None): 2})
    summary = summarise(ended)
    assert (summary.done, summary.failed, summary.cancelled, summary.p50_ms) == (3, 0, 2, 20)


@pytest.mark.parametrize("span", Span)
def test_a_history_has_every_step_of_its_span_up_to_the_present(span: Span) -> None:
    history = Ledger().history(span, NOW)
    times = [at for at, _ in history.steps]
    assert len(times) == span.length // span.step
    assert times[-1] <= NOW < times[-1] + span.step
    assert {later - earlier for earlier, later in pairwise(times)} == {span.step}


def counted(at: datetime, count: int = 1) -> figures.EndedCount:
    return figures.EndedCount(int(at.timestamp()), TaskStatus.DONE, "a", 10, count)


def test_old_steps_are_merged_and_forgotten_without_changing_what_is_shown() -> None:
    ledger, then = Ledger(), NOW.replace(second=0) - timedelta(hours=2)
    ledger.replace(then, NOW, [counted(then + number * FINE) for number in range(20)])
    ledger.replace(then - timedelta(days=2), then, [counted(then - timedelta(days=2), 7)])
    before = ledger.history(Span.HOURS_6, NOW)
    ledger.age(NOW)
    assert ledger.history(Span.HOURS_6, NOW) == before
    assert len(ledger.steps) == 2


def test_what_is_read_again_replaces_what_was_known() -> None:
    ledger = Ledger()
    for count in (1, 5):
        ledger.replace(NOW - FINE, NOW + FINE, [counted(NOW, count)])
    assert ledger.history(Span.MINUTES_15, NOW).kinds["a"].done == 5


@pytest.mark.parametrize(
    ("ms", "shown"), [(None, None), (0, 0), (99, 99), (101, 100), (1_299, 1_200), (86_399_999, 86_000_000)]
)
async def test_durations_keep_two_digits(resources: Resources, ms: int | None, shown: int | None) -> None:
    await insert(resources, row(1, NOW, ms=ms))
    (one,) = await figures.ended(resources.engine, NOW, NOW + FINE, FINE)
    assert (one.duration_ms, one.count, one.at % 30) == (shown, 1, 0)


async def test_figures_go_over_indexes_alone(resources: Resources) -> None:
    ended = figures.ended_statement("sqlite", NOW - timedelta(hours=1), NOW, FINE)
    assert "USING COVERING INDEX idx_tasks_finished_at" in await plan(resources, ended)
    for column in (tasks.c.kind, tasks.c.queue):
        details = (await plan(resources, figures.names_statement(column, "sqlite"))).splitlines()
        touching = [line for line in details if "tasks" in line]
        assert touching
        assert all("COVERING INDEX" in line for line in touching)


async def test_the_api_shows_what_ended(client: httpx.AsyncClient, resources: Resources) -> None:
    now = datetime.now(UTC)
    ends: Sequence[dict[str, Any]] = [
        row(1, now - timedelta(seconds=1)),
        row(2, now - timedelta(seconds=1), "FAILED", 2_345, kind="charge", queue="bank"),
        row(3, now - timedelta(seconds=1), "CANCELLED", None),
        row(4, now - timedelta(hours=20), "FAILED", 7),
    ]
    await insert(resources, *ends)

    async def ask(span: str) -> dict[str, Any]:
        response = await client.post("/graphql", json={"query": HISTORY, "variables": {"span": span}})
        data: dict[str, Any] = response.json()["data"]
        return data

    hour, day = await ask("HOUR_1"), await ask("HOURS_24")
    assert hour["history"]["stepSeconds"] == 60
    assert sum(step["done"] for step in hour["history"]["steps"]) == 1
    assert hour["history"]["kinds"] == [
        {"kind": "charge", "done": 0, "failed": 1, "cancelled": 0, "p50Ms": 2300, "p95Ms": 2300},
        {"kind": "resize", "done": 1, "failed": 0, "cancelled": 1, "p50Ms": 100, "p95Ms": 100},
    ]
    assert sum(step["failed"] for step in day["history"]["steps"]) == 2
    assert day["kinds"] == ["charge", "resize"]
    assert day["queues"] == [
        {"name": "bank", "waiting": 0, "running": 0},
        {"name": "default", "waiting": 0, "running": 0},
    ]


def test_less_is_read_at_once_when_it_takes_long_and_never_less_than_a_step() -> None:
    assert next_length(4 * COARSE, 0.001) == 8 * COARSE
    assert next_length(5 * COARSE, 0.1) == 2 * COARSE
    assert next_length(COARSE, 3.0) == COARSE
    assert next_length(LONGEST_READ, 0.0) == LONGEST_READ


async def test_who_asks_at_once_is_answered_from_one_read(resources: Resources, statements: list[str]) -> None:
    cache = FiguresCache(resources)
    await cache.history(Span.HOUR_1)
    first = len(statements)
    for _ in range(20):
        await cache.history(Span.HOUR_1)
        await cache.kinds.get()
    assert len(statements) == first + 1
