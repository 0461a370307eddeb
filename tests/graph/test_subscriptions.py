"""A subscription brings what is, then every change that passes its filter, and leaves nothing behind."""

from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.graph.services import Services
from taskflow.infra.resources import Resources
from tests.graph.api import Api
from tests.graph.watch import change, standing, watching


async def test_task_is_shown_as_it_is_then_with_every_change_in_order(api: Api, services: Services) -> None:
    task = await api.create("Watched")
    await change(api, task["id"])
    async with watching(services, taskId=task["id"]) as watch:
        [present] = await watch.events(1)
        assert present | {"taskId": task["id"], "status": "PENDING", "version": 3, "attempt": 0} == present
        assert present["message"] == "Retry requested"
        await change(api, task["id"], times=2)
        assert await watch.versions(4) == [4, 5, 6, 7]


async def test_task_that_is_not_there_is_not_found(services: Services) -> None:
    for after in (None, "0"):
        async with watching(services, taskId="nothing", after=after) as watch:
            assert await watch.refusal() == ("NOT_FOUND", "There is no task nothing.")
    assert services.hub.watchers == 0


async def test_strangers_row_is_shown_before_anything_of_it_is_recorded(
    api: Api, services: Services, resources: Resources
) -> None:
    async with resources.engine.begin() as connection:
        await connection.execute(sa.text("INSERT INTO tasks (id, title, status) VALUES ('s', 'Theirs', 'PENDING')"))
    async with watching(services, taskId="s") as watch:
        [present] = await watch.events(1)
        assert (present["id"], present["version"], present["status"]) == ("0", 0, "PENDING")
        await change(api, "s")
        assert await watch.versions(3) == [1, 2, 3]


FILTERS: dict[str, dict[str, Any]] = {
    "status": {"statuses": ["CANCELLED"]},
    "kind": {"statuses": ["CANCELLED"], "kinds": ["wanted"]},
    "queue": {"statuses": ["CANCELLED"], "queues": ["wanted", "other"]},
    "words": {"statuses": ["CANCELLED"], "search": "want tas"},
    "created": {"statuses": ["CANCELLED"], "createdAfter": "2020-01-01T00:00:00Z", "search": "wanted"},
}


@pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS)
async def test_only_events_that_pass_the_filter_come(api: Api, services: Services, where: dict[str, Any]) -> None:
    async with standing(services, filter=where) as watch:
        unwanted = await api.create("A tas", kind="not", queue="not")
        if where != FILTERS["status"]:
            await change(api, unwanted["id"])
        wanted = await api.create("A wanted task", kind="wanted", queue="wanted")
        await change(api, wanted["id"])
        [event] = await watch.events(1)
    assert (event["taskId"], event["status"]) == (wanted["id"], "CANCELLED")


async def test_search_for_an_id_and_dates_hold_live_too(api: Api, services: Services) -> None:
    task = await api.create()
    async with standing(services, filter={"search": task["id"], "createdBefore": "2100-01-01T00:00:00Z"}) as watch:
        await api.create("Other")
        await change(api, task["id"])
        assert await watch.versions(2) == [2, 3]


@pytest.mark.usefixtures("worker")
async def test_progress_comes_live_under_the_version_of_its_attempt(api: Api, services: Services) -> None:
    task_id = (await api.create(kind="progress", payload={"images": 3, "seconds": 0.15}))["id"]
    async with watching(services, taskId=task_id) as watch:
        events = await watch.events(1)
        while events[-1]["status"] != "DONE":
            events += await watch.events(1)
    news = [event for event in events if event["progress"] is not None]
    assert {event["version"] for event in news[:-1]} == {2}
    assert [event["progress"] for event in news] == sorted(event["progress"] for event in news)
    assert len(news) >= 3
    assert [news[-1]["version"], news[-1]["progress"]] == [3, 1.0]
    assert [event["version"] for event in events] == sorted(event["version"] for event in events)


async def test_task_of_an_event_is_as_it_is_now(api: Api, services: Services) -> None:
    query = "subscription { taskStatus { version task { title version events { version } } } }"
    async with standing(services, query=query) as watch:
        task = await api.create("Whole")
        [event] = await watch.events(1)
    assert event == {"version": 1, "task": {"title": "Whole", "version": 1, "events": [{"version": 1}]}}
    assert task["version"] == 1


async def test_nothing_is_left_behind_by_who_leaves(api: Api, services: Services) -> None:
    task_id = (await api.create())["id"]
    async with standing(services) as waiting, watching(services, taskId=task_id) as reading:
        await reading.events(1)
        assert services.hub.watchers == 2
        await change(api, task_id)
        await waiting.events(1)
    assert services.hub.watchers == 0


async def test_outage_of_the_database_ends_a_new_subscription_with_its_code(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: object, **options: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(queries, "present", away)
    async with watching(services, taskId="a") as watch:
        assert (await watch.refusal())[0] == "SERVICE_UNAVAILABLE"
    assert services.hub.watchers == 0
