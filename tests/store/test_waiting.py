"""Since when the oldest task of each queue waits, and which queues are paused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import pauses, waiting
from taskflow.db.models import tasks
from taskflow.db.pauses import Pause
from taskflow.db.waiting import oldest_due
from tests.store.steps import NOON, SECOND

MINUTE = timedelta(minutes=1)


async def insert(engine: AsyncEngine, *rows: dict[str, Any]) -> None:
    """Waiting at the broker since noon, unless a row says otherwise."""
    base = {"title": "A task", "status": "PENDING", "version": 0, "created_at": NOON, "updated_at": NOON}
    base |= {"dispatch_at": None, "run_at": None}
    async with engine.begin() as connection:
        for number, row in enumerate(rows):
            await connection.execute(tasks.insert(), [{"id": f"{number:036}"} | base | row])


async def test_a_task_waits_since_it_became_pending_or_since_its_date(engine: AsyncEngine) -> None:
    later = NOON + timedelta(hours=1)
    await insert(
        engine,
        {"queue": "new", "updated_at": NOON + 2 * SECOND},
        {"queue": "new", "updated_at": NOON + SECOND},
        {"queue": "dated", "run_at": NOON + MINUTE},
        {"queue": "both", "run_at": NOON + MINUTE},
        {"queue": "both", "updated_at": NOON + 2 * MINUTE},
        {"queue": "late", "dispatch_at": NOON + 3 * SECOND},
        {"queue": "late and dated", "dispatch_at": NOON + MINUTE, "run_at": NOON + MINUTE},
        {"queue": "not yet", "dispatch_at": later + SECOND, "run_at": later + SECOND},
        {"queue": "over", "status": "DONE"},
        {"queue": "runs", "status": "PROCESSING", "dispatch_at": NOON},
    )
    assert await oldest_due(engine, now=later) == {
        "new": NOON + SECOND,
        "dated": NOON + MINUTE,
        "both": NOON + MINUTE,
        "late": NOON,
        "late and dated": NOON + MINUTE,
    }


async def test_of_what_is_late_those_that_fell_due_first_are_looked_at(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LATE_MAX", 2)
    await insert(engine, *({"queue": f"q{one}", "dispatch_at": NOON + one * SECOND} for one in (3, 1, 2)))
    assert await oldest_due(engine, now=NOON + MINUTE) == {"q1": NOON, "q2": NOON}


async def test_a_queue_is_paused_until_it_is_resumed(engine: AsyncEngine) -> None:
    await pauses.resume(engine, "mail", now=NOON, by=None)
    await pauses.pause(engine, "mail", now=NOON, by="ana", reason="the provider is down")
    await pauses.pause(engine, "Mail", now=NOON + SECOND, by=None, reason="")
    await pauses.pause(engine, "mail", now=NOON + MINUTE, by="bo", reason="still")
    assert await pauses.paused(engine) == {
        "mail": Pause("mail", NOON, "ana", "still"),
        "Mail": Pause("Mail", NOON + SECOND, None, ""),
    }
    await pauses.resume(engine, "mail", now=NOON, by=None)
    assert [*await pauses.paused(engine)] == ["Mail"]
