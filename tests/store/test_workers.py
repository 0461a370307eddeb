"""The rows of workers and of their kinds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import workers
from taskflow.db.workers import Kind, Worker
from tests.store.steps import NOON, SECOND

ONE: Final = Worker(
    id="host-1-abc",
    host="höst",
    pid=1,
    version="1.0",
    kinds=["resize", "ship"],
    queues=["default"],
    slots=8,
    running=3,
    started_at=NOON,
    seen_at=NOON,
    is_stopping=False,
)


def kind(name: str, *secrets: tuple[str | None, ...], attempts: int = 3) -> Kind:
    return Kind(name, attempts, frozenset(secrets), NOON)


async def test_a_worker_is_there_as_it_said_last(engine: AsyncEngine) -> None:
    await workers.register(engine, ONE)
    later = replace(ONE, running=8, seen_at=NOON + SECOND, is_stopping=True)
    await workers.register(engine, later)
    assert await workers.heard_since(engine, NOON + SECOND) == [later]


async def test_who_was_not_heard_of_is_not_shown_and_can_be_forgotten(engine: AsyncEngine) -> None:
    other = replace(ONE, id="host-2-abc", seen_at=NOON + timedelta(minutes=1))
    for worker in (ONE, other):
        await workers.register(engine, worker)
    assert await workers.heard_since(engine, NOON + SECOND) == [other]
    assert await workers.unheard_since(engine, NOON + SECOND) == [ONE.id]
    await workers.forget(engine, [ONE.id])
    assert await workers.heard_since(engine, NOON - SECOND) == [other]
    await workers.forget(engine, [])


async def test_what_a_worker_says_of_its_kinds_holds_and_a_secret_stays_one(engine: AsyncEngine) -> None:
    await workers.note_kinds(engine, [kind("ship", ("token",), attempts=5), kind("Ship")])
    await workers.note_kinds(engine, [kind("ship", ("keys", None, "key"), attempts=1)])
    await workers.note_kinds(engine, [])
    found = {one.name: one for one in await workers.known_kinds(engine)}
    assert found == {
        "ship": kind("ship", ("token",), ("keys", None, "key"), attempts=1),
        "Ship": kind("Ship"),
    }


async def test_workers_that_start_at_once_lose_no_secret(engine: AsyncEngine) -> None:
    said = [[kind(name, (f"secret{number}",)) for name in ("a", "b", "c")] for number in range(6)]
    await asyncio.gather(*(workers.note_kinds(engine, some) for some in said))
    for one in await workers.known_kinds(engine):
        assert one.secrets == {(f"secret{number}",) for number in range(6)}
