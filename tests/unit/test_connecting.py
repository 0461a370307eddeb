"""How often a service is tried at the start, how long is waited between, and what the operator is told."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from taskflow.infra.connecting import Attempts, Refused, Unreachable, connect
from taskflow.infra.errors import StartError

logger = logging.getLogger("test")


class Service:
    """Answers after it was tried as often as that."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def contact(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


async def start(service: Service, count: int) -> None:
    attempts = Attempts(count, timedelta(0))
    await connect(service.contact, "Redis at 127.0.0.1:6379", attempts, failure=StartError, logger=logger)


def test_waits_double_up_to_five_times_the_first() -> None:
    assert Attempts(6, timedelta(seconds=2)).waits == [2, 4, 8, 10, 10]
    assert Attempts(1, timedelta(seconds=2)).waits == []


async def test_a_service_that_answers_in_time_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    await start(Service(Unreachable("no route"), Unreachable("timed out")), 3)
    assert [record.message for record in caplog.records] == [
        "Redis at 127.0.0.1:6379 can't be reached, next try in 0.0 s: no route",
        "Redis at 127.0.0.1:6379 can't be reached, next try in 0.0 s: timed out",
    ]


async def test_the_last_try_stops_the_start() -> None:
    with pytest.raises(StartError, match="can't be reached, tried 2 times: gone"):
        await start(Service(*[Unreachable("gone")] * 3), 2)


async def test_a_refusal_stops_the_start_at_once(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(Refused("wrong password"), Unreachable("never asked"))
    with pytest.raises(StartError, match="refuses us: wrong password"):
        await start(service, 10)
    assert len(service.failures) == 1
    assert not caplog.records


async def test_a_start_that_is_cancelled_stops_waiting() -> None:
    attempts = Attempts(2, timedelta(days=1))
    service = Service(Unreachable("gone"))
    starting = asyncio.create_task(connect(service.contact, "x", attempts, failure=StartError, logger=logger))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
