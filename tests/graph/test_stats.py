"""Statistics come first and then when they change, counted once for all subscriptions."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.graph.schema import subscription
from taskflow.graph.services import Services
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.watch import watching


async def test_stats_come_first_and_then_when_they_change(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "STATS_INTERVAL", 0.05)
    monkeypatch.setattr("taskflow.graph.figures.cached.SHORTEST_REST", 0.0)
    monkeypatch.setattr("taskflow.graph.figures.cached.REST_PER_COST", 0)
    query = "subscription { stats { total byStatus { status count } queueDepth } }"
    async with watching(services, query) as watch:
        assert (await watch.data())["stats"]["total"] == 0
        real, outages = queries.count_by_status, 0

        async def away(engine: Any) -> Any:
            nonlocal outages
            outages += 1
            raise StoreUnavailable

        monkeypatch.setattr(queries, "count_by_status", away)
        following = asyncio.create_task(watch.data())

        async def tried_twice() -> bool:
            return outages >= 2

        await eventually(tried_twice)
        await api.create()
        monkeypatch.setattr(queries, "count_by_status", real)
        assert (await following)["stats"]["total"] == 1


async def test_stats_come_once_whoever_asked_before_is_watching(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what a client reads on that signal lacks nothing that its watch does not bring."""
    beginning, answered, real = asyncio.Event(), asyncio.Event(), queries.last_event_id

    async def slowly(engine: Any) -> int:
        beginning.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await answered.wait()
        return await real(engine)

    monkeypatch.setattr(queries, "last_event_id", slowly)
    async with watching(services) as changes, watching(services, "subscription { stats { total } }") as figures:
        following = asyncio.create_task(changes.data())
        await beginning.wait()
        await figures.data()
        answered.set()
        assert services.hub.watchers == 1
        task = await api.create()
        assert (await following)["taskStatus"]["taskId"] == task["id"]


async def test_stats_are_counted_at_most_once_a_second_for_all(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, real = 0, queries.count_by_status

    async def counting(engine: Any) -> Any:
        nonlocal counts
        counts += 1
        return await real(engine)

    monkeypatch.setattr(queries, "count_by_status", counting)
    await asyncio.gather(*(services.stats.get() for _ in range(50)))
    assert counts == 1
