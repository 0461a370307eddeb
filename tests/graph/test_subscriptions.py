"""Subscriptions: what is, then every change in order; what was missed, without a gap; and nothing is left behind."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import StatusEvent, tasks
from taskflow.graph.execution.results import Outcome, Result
from taskflow.graph.live import hub as live
from taskflow.graph.schema import subscription
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from taskflow.infra.resources import Resources
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.client import connected
from tests.graph.serve import serving

WATCH = """
subscription ($taskId: ID, $filter: TaskFilter, $after: ID) {
  taskStatus(taskId: $taskId, filter: $filter, after: $after) {
    id taskId status message attempt progress version updatedAt } }
"""
CANCEL = "mutation ($id: ID!) { cancelTask(id: $id) { version } }"
RETRY = "mutation ($id: ID!) { retryTask(id: $id) { version } }"


class Watch:
    """One subscription's answers."""

    def __init__(self, outcomes: AsyncGenerator[Outcome, None]) -> None:
        self._outcomes = outcomes

    async def data(self) -> Any:
        async with asyncio.timeout(10):
            outcome = await anext(self._outcomes)
        assert not outcome.errors, outcome.errors
        assert isinstance(outcome, Result)
        assert outcome.data
        return outcome.data

    async def events(self, count: int) -> list[dict[str, Any]]:
        return [(await self.data())["taskStatus"] for _ in range(count)]

    async def versions(self, count: int) -> list[int]:
        return [event["version"] for event in await self.events(count)]

    async def refusal(self) -> tuple[str, str]:
        """The code and message of the error that ends it."""
        async with asyncio.timeout(10):
            outcome = await anext(self._outcomes)
        assert not isinstance(outcome, Result)
        [error] = outcome.errors or []
        with pytest.raises(StopAsyncIteration):
            await anext(self._outcomes)
        return (error.extensions or {})["code"], error.message


@asynccontextmanager
async def watching(services: Services, query: str = WATCH, **variables: Any) -> AsyncIterator[Watch]:
    async with aclosing(await schema.stream(query, variables, Operation(services))) as outcomes:
        yield Watch(outcomes)


async def change(api: Api, task_id: str, times: int = 1) -> None:
    """Cancel it, retry it, and so on: two versions each."""
    for _ in range(times):
        await api.ask(CANCEL, id=task_id)
        await api.ask(RETRY, id=task_id)


async def subscribed(services: Services, count: int = 1) -> None:
    """Until so many watchers hear what comes."""

    async def there() -> bool:
        return services.hub.watchers == count

    await eventually(there)


@asynccontextmanager
async def standing(services: Services, **variables: Any) -> AsyncIterator[Watch]:
    """A subscription without a first answer, once it hears what comes."""
    async with watching(services, **variables) as watch:
        first = asyncio.create_task(anext(watch._outcomes))
        await subscribed(services)

        async def outcomes() -> AsyncGenerator[Outcome, None]:
            yield await first
            async for outcome in source:
                yield outcome

        source, watch._outcomes = watch._outcomes, outcomes()
        try:
            yield watch
        finally:
            first.cancel()


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


@pytest.mark.parametrize("after", ["", "x", "-1", "1.0", "9" * 19, "²"])
async def test_after_takes_an_events_id(services: Services, after: str) -> None:
    async with watching(services, after=after) as watch:
        assert await watch.refusal() == ("BAD_USER_INPUT", "after takes the id of an event")


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


async def test_after_brings_what_one_task_went_through_since(api: Api, services: Services) -> None:
    task_id = (await api.create())["id"]
    async with watching(services, taskId=task_id) as watch:
        [seen] = await watch.events(1)
    await change(api, task_id, times=2)
    async with watching(services, taskId=task_id, after=seen["id"]) as watch:
        events = await watch.events(4)
        assert [event["version"] for event in events] == [2, 3, 4, 5]
        await change(api, task_id)
        assert await watch.versions(2) == [6, 7]
    async with watching(services, taskId=task_id, after=events[2]["id"]) as watch:
        assert await watch.versions(3) == [5, 6, 7]


async def test_after_brings_what_all_tasks_went_through_since(api: Api, services: Services) -> None:
    ids = await api.create_all(*({"title": str(number)} for number in range(3)))
    async with standing(services) as watch:
        await change(api, ids[0])
        seen = (await watch.events(2))[-1]
    for task_id in ids:
        await change(api, task_id)
    expected = [(task_id, first + 1) for task_id, first in zip(ids, (3, 1, 1), strict=True)]
    expected = [(task_id, version + more) for task_id, version in expected for more in (0, 1)]
    async with watching(services, after=seen["id"]) as watch:
        got: list[tuple[str, int]] = []
        while not set(expected) <= set(got):
            got += [(event["taskId"], event["version"]) for event in await watch.events(1)]
        assert len(got) == len(set(got)) <= len(expected) + 5  # the overlap: what was recorded just before
        await change(api, ids[2])
        assert [(e["taskId"], e["version"]) for e in await watch.events(2)] == [(ids[2], 4), (ids[2], 5)]


async def test_after_misses_nothing_that_is_committed_while_it_replays(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not what then has a lower id than an event that was replayed already."""
    ids = await api.create_all(*({"title": str(number)} for number in range(3)))
    real, late = queries.recorded, asyncio.Event()

    async def recorded(*arguments: Any, **options: Any) -> list[StatusEvent]:
        page = await real(*arguments, **options)
        if late.is_set():
            return page
        late.set()
        await change(api, ids[2])
        return [one for one in page if one.task_id != ids[1]]  # not committed yet

    monkeypatch.setattr(queries, "recorded", recorded)
    async with watching(services, after="0") as watch:
        got = [(event["taskId"], event["version"]) for event in await watch.events(5)]
    assert sorted(got) == sorted([*((task_id, 1) for task_id in ids), (ids[2], 2), (ids[2], 3)])


async def test_after_an_id_that_nobody_has_yet_brings_what_comes(api: Api, services: Services) -> None:
    async with standing(services, after="999999999999999999") as watch:
        await api.create()
        assert await watch.versions(1) == [1]


async def test_long_history_is_replayed_whole_and_in_order(api: Api, services: Services) -> None:
    many = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
    for _ in range(2):
        await api.ask(many, inputs=[{"title": "A"}] * 800)
    async with watching(services, after="0") as watch:
        ids = [int(event["id"]) for event in await watch.events(1600)]
    assert ids == sorted(set(ids))


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


async def test_replayed_history_has_no_progress_of_a_later_attempt(
    api: Api, services: Services, resources: Resources
) -> None:
    task_id = (await api.create())["id"]
    async with resources.engine.begin() as connection:
        await connection.execute(tasks.update().where(tasks.c.id == task_id).values(progress=0.5))
    async with watching(services, taskId=task_id, after="0") as watch:
        [event] = await watch.events(1)
    assert (event["status"], event["progress"]) == ("PENDING", None)


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

    monkeypatch.setattr(queries, "get", away)
    async with watching(services, taskId="a") as watch:
        assert (await watch.refusal())[0] == "SERVICE_UNAVAILABLE"
    assert services.hub.watchers == 0


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


async def test_slow_reader_gets_lagged_once_and_resumes_without_a_gap(
    app: Starlette, api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUFFER", 50)
    many = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
    query = "subscription ($after: ID) { taskStatus(after: $after) { id taskId } }"
    async with serving(app) as host, connected(f"ws://{host}/graphql") as client:
        await client.subscribe("1", query)
        await subscribed(services)
        for _ in range(5):
            await api.ask(many, inputs=[{"title": "A"}] * 100)
        seen = []
        while (answer := await client.next())["type"] == "next":
            seen.append(answer["payload"]["data"]["taskStatus"])
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == ["LAGGED"]
        await client.send("ping")
        assert await client.next() == {"type": "pong"}
        await client.subscribe("1", query, variables={"after": seen[-1]["id"]})
        ids = {event["taskId"] for event in seen}
        assert len(ids) < 500
        while len(ids) < 500:
            ids.add((await client.next())["payload"]["data"]["taskStatus"]["taskId"])
