"""What the API's metrics say: of what it creates, of the database when it is asked, and of who watches."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from taskflow.db import backlog, queries
from taskflow.db.errors import StoreUnavailable
from taskflow.db.operating import dead_letters, kinds
from taskflow.graph.app import open_services
from taskflow.graph.figures import readings
from taskflow.graph.live.watcher import Lagged
from taskflow.infra.resources import Resources, open_resources
from taskflow.infra.settings import Settings
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.hub import Bench
from tests.graph.lists import stamp
from tests.graph.serve import app_of
from tests.scrape import Scrape


@pytest.fixture(autouse=True)
def _read_at_each_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "FRESH", timedelta())
    monkeypatch.setattr(readings, "REST_PER_COST", 0)


async def scrape(client: httpx.AsyncClient) -> Scrape:
    response = await client.get("/metrics")
    assert response.status_code == 200
    return Scrape(response.text)


async def test_it_is_text_and_openmetrics_where_that_is_asked_for(client: httpx.AsyncClient) -> None:
    text = await client.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    wanted = {"accept": "application/openmetrics-text; version=1.0.0"}
    response = await client.get("/metrics", headers=wanted)
    assert response.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "\n# TYPE taskflow_tasks_created counter\n" in response.text
    assert response.text.endswith("\n# EOF\n")
    assert not [name for name in Scrape(text.text).names if name.endswith("_created")]


async def test_what_is_created_is_counted_by_kind_once_and_unknown_kinds_together(
    api: Api, client: httpx.AsyncClient, resources: Resources
) -> None:
    resources.metrics.kinds.know(["resize"])
    for kind in ("resize", "resize", "strange", "stranger"):
        await api.create(kind=kind)
    for _ in range(2):
        await client.post("/tasks", json={"title": "A"}, headers={"idempotency-key": "k"})
    found = await scrape(client)
    assert found.value("tasks_created_total", kind="resize") == 2
    assert found.value("tasks_created_total", kind="other") == 3
    assert found.value("batch_size_sum", batch="create") == 6  # the repeat is of a batch too


async def test_kinds_that_workers_have_told_of_have_labels_of_their_own(settings: Settings) -> None:
    async with open_resources(settings) as resources:
        async with resources.engine.begin() as connection:
            row = {"name": "resize", "max_attempts": 3, "secrets": [], "seen_at": datetime.now(UTC)}
            await connection.execute(sa.insert(kinds), row)
        async with open_services(resources):

            async def known() -> bool:
                return resources.metrics.kinds.label("resize") == "resize"

            await eventually(known)
            assert resources.metrics.kinds.label("mail") == "other"


async def test_a_queue_without_a_worker_shows_how_much_waits_and_for_how_long(
    api: Api, client: httpx.AsyncClient, resources: Resources
) -> None:
    found = await scrape(client)
    assert found.value("queue_depth", queue="default") == 0
    assert found.value("queue_oldest_due_seconds", queue="default") == 0
    for title in ("first", "second"):
        await api.create(title, queue="mail")
    await stamp(resources, "first", updated_at=datetime.now(UTC) - timedelta(minutes=5))

    async def counted() -> bool:
        return (await scrape(client)).value("queue_depth", queue="mail") == 2

    await eventually(counted)
    age = (await scrape(client)).value("queue_oldest_due_seconds", queue="mail")
    assert age is not None
    assert 300 <= age < 330


async def test_what_the_broker_was_not_handed_is_in_the_outbox(
    api: Api, client: httpx.AsyncClient, resources: Resources
) -> None:
    task_id = (await api.create("A"))["id"]

    async def is_handed_over() -> bool:
        return (await queries.get(resources.engine, [task_id]))[task_id].dispatch_at is None

    await eventually(is_handed_over)
    await stamp(resources, "A", dispatch_at=datetime.now(UTC) - timedelta(minutes=2))
    found = await scrape(client)
    assert found.value("outbox_backlog") == 1
    assert 120 <= (found.value("outbox_oldest_due_seconds") or 0) < 150


async def test_dead_letters_and_the_size_of_the_database_are_shown(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    assert (await scrape(client)).value("dead_letters") == 0
    async with resources.engine.begin() as connection:
        letter = {"reason": "not a task message", "body": b"{", "size": 1, "at": datetime.now(UTC)}
        await connection.execute(sa.insert(dead_letters), letter)
    found = await scrape(client)
    assert found.value("dead_letters") == 1
    assert (found.value("table_bytes", table="all") or 0) > 0


async def test_a_database_that_is_away_or_hangs_leaves_its_figures_out_and_the_scrape_whole(
    api: Api, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.create()
    assert (await scrape(client)).value("database_up") == 1
    monkeypatch.setattr(readings, "LONGEST", timedelta(seconds=0.2))

    async def fail(*arguments: Any) -> Any:
        raise StoreUnavailable

    async def hang(*arguments: Any) -> Any:
        await asyncio.Event().wait()

    async def break_down(*arguments: Any) -> Any:
        raise ValueError("a defect")

    for away in (fail, break_down, hang, hang):
        with monkeypatch.context() as patch:
            patch.setattr(backlog, "backlog", away)
            began = time.monotonic()
            found = await scrape(client)
        assert time.monotonic() - began < 5
        assert found.value("database_up") == 0
        assert not [name for name in found.names if "queue_" in name or "outbox" in name or "dead" in name]
        assert found.value("tasks_created_total", kind="other") == 1


async def test_many_scrapes_at_once_are_one_reading(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "FRESH", timedelta(minutes=1))
    real, read = backlog.backlog, list[None]()

    async def count(*arguments: Any) -> Any:
        read.append(None)
        return await real(*arguments)

    monkeypatch.setattr(backlog, "backlog", count)
    await asyncio.gather(*(scrape(client) for _ in range(5)))
    await scrape(client)
    assert len(read) == 1


async def test_two_applications_in_one_process_count_apart(app: Starlette, settings: Settings) -> None:
    async with open_resources(settings) as resources, open_services(resources) as services:
        transport = httpx.ASGITransport(app_of(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://taskflow.test") as second:
            await Api(second).create()
            assert (await scrape(second)).value("tasks_created_total", kind="other") == 1
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://taskflow.test") as first:
        assert (await scrape(first)).value("tasks_created_total", kind="other") is None


async def test_the_pool_shows_what_is_in_use(client: httpx.AsyncClient, resources: Resources) -> None:
    async with resources.engine.connect():
        found = await scrape(client)
    assert (found.value("database_connections", state="in_use") or 0) >= 1
    assert found.value("database_connections_max") == 20


async def test_watchers_their_lag_and_those_let_go_are_shown(patient: Bench, resources: Resources) -> None:
    def shown(name: str) -> float | None:
        return Scrape.of(resources.metrics.registry).value(name)

    async with patient.hub.watch() as watcher:
        assert (shown("subscribers"), shown("subscription_lag_seconds")) == (1, 0)
        await patient.create("A")

        async def lags() -> bool:
            return (shown("subscription_lag_seconds") or 0) > 0.05

        await eventually(lags)
        assert shown("event_delay_seconds_count") == 1
        await anext(watcher)
        assert shown("subscription_lag_seconds") == 0
    assert (shown("subscribers"), shown("subscriptions_lagged_total")) == (0, 0)


async def test_a_subscription_that_is_ended_as_lagged_is_counted(patient: Bench, resources: Resources) -> None:
    with pytest.raises(Lagged):
        async with patient.hub.watch():
            raise Lagged  # as it comes out of the watcher that is read in here
    assert Scrape.of(resources.metrics.registry).value("subscriptions_lagged_total") == 1
