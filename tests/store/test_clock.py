"""Leases are measured by the database's clock, whatever the machines' own clocks say."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import tasks
from taskflow.db.rescue import record_lost
from taskflow.infra.clock import TOLERATED, Clock
from tests.store.steps import new

LEASE = timedelta(seconds=4)


def wall(ahead: timedelta) -> datetime:
    return datetime.now(UTC) + ahead


@pytest.mark.parametrize("seconds", [5, -5, 3600])
async def test_a_process_whose_clock_is_wrong_goes_by_the_databases(engine: AsyncEngine, seconds: int) -> None:
    clock = Clock(partial(wall, timedelta(seconds=seconds)))
    await clock.compare(engine)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


async def test_a_clock_that_is_set_anew_moves_nothing(engine: AsyncEngine) -> None:
    ahead = [timedelta()]
    clock = Clock(lambda: wall(ahead[0]))
    await clock.compare(engine)
    ahead[0] = timedelta(seconds=5)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


async def test_clocks_that_agree_are_left_alone(engine: AsyncEngine) -> None:
    clock = Clock()
    for _ in range(3):
        await clock.compare(engine)
    assert abs(clock.now() - datetime.now(UTC)) < TOLERATED / 10


async def test_a_worker_that_is_well_is_not_lost_to_one_whose_clock_is_ahead(engine: AsyncEngine) -> None:
    well, ahead = Clock(), Clock(partial(wall, timedelta(seconds=5)))
    for clock in (well, ahead):
        await clock.compare(engine)
    task = new()
    await tasks.create(engine, [[task]], now=well.now())
    await tasks.claim(engine, [task.id], now=well.now(), lease=LEASE, worker_id="well", max_attempts=lambda kind: 3)
    assert not (await record_lost(engine, now=ahead.now(), limit=10, jitter=lambda: 0.0)).tasks
