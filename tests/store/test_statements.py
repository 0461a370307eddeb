"""How much goes over the wire: a batch of any size costs as many statements as one task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import dispatch, finishing
from taskflow.db.finishing import Finish
from taskflow.db.leases import Lease, extend_leases
from taskflow.db.outcome import Succeeded
from taskflow.db.tasks import Claimed
from tests.store.databases import fetch, on_servers
from tests.store.steps import LATER, LEASE, NOON, SECOND, claim, create, mark

T = TypeVar("T")


@on_servers
@pytest.mark.parametrize("size", [1, 3, 200])
async def test_a_batch_is_one_statement_for_each_step_whatever_its_size(engine: AsyncEngine, size: int) -> None:
    """By the server's own counters: a driver may send many rows one by one. MySQL is asked for the events' ids."""
    ids_read = 0 if engine.dialect.insert_executemany_returning else 1
    read = {"select": 1} if ids_read else {}
    some = await counted(engine, lambda: create(engine, size), insert=2, commit=1, **read)
    ids = [task.id for task in some]
    await counted(engine, lambda: mark(engine, *some), update=1, commit=1)
    claims = await counted(engine, lambda: claim(engine, ids), update=1, insert=1, select=1 + ids_read, commit=1)
    mine = [one for one in claims if isinstance(one, Claimed)]
    leases = [Lease(one.task.id, one.claim, None) for one in mine]
    await counted(
        engine,
        lambda: extend_leases(engine, leases, worker_id="w", now=NOON, lease=LEASE),
        update=1,
        select=2,
        commit=1,
    )
    finishes = [Finish(one.task, Succeeded({"value": number})) for number, one in enumerate(mine)]
    await counted(engine, lambda: finishing.finish(engine, finishes, now=NOON), update=1, insert=1, commit=1, **read)
    assert len(mine) == size


@on_servers
async def test_what_is_due_is_taken_in_three_statements(engine: AsyncEngine) -> None:
    await create(engine, 200)
    taken, _ = await counted(
        engine, lambda: dispatch.take_due(engine, now=LATER, limit=200), select=2, update=1, commit=1
    )
    assert len(taken) == 200
    await mark(engine, *taken)
    found = await counted(
        engine,
        lambda: dispatch.make_due_again(engine, queue="default", now=LATER, untouched_since=LATER - SECOND, limit=200),
        select=1,
        update=1,
        commit=1,
    )
    assert found == 200


@on_servers
async def test_looking_for_what_is_due_and_finding_nothing_costs_one_statement(engine: AsyncEngine) -> None:
    await counted(engine, lambda: dispatch.take_due(engine, now=NOON, limit=200), select=1, commit=1)


async def counted(engine: AsyncEngine, work: Callable[[], Awaitable[T]], **expected: int) -> T:
    before = await counters(engine)
    result = await work()
    after = await counters(engine)
    assert {name: count for name in after if (count := after[name] - before[name])} == expected
    return result


async def counters(engine: AsyncEngine) -> dict[str, int]:
    """What this connection has done so far; each caller takes the one that was given back last."""
    names = "insert", "insert_select", "select", "update", "delete", "commit"
    rows = await fetch(engine, "SHOW SESSION STATUS")
    return {str(name)[4:]: int(str(value)) for name, value in rows if name in {f"Com_{one}" for one in names}}
