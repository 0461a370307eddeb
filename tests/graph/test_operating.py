"""Workers and queues over GraphQL: who works, what waits since when, and how a queue is paused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from taskflow.db import workers
from taskflow.db.workers import Worker
from taskflow.graph.execution.access import Role, Viewer
from taskflow.graph.services import Operation
from taskflow.infra.resources import Resources
from taskflow.infra.wire import format_instant, parse_instant
from tests.contracts.waiting import eventually
from tests.graph.api import Api

WORKERS: Final = "{ workers { id host pid version kinds queues slots running startedAt seenAt isStopping } }"
FIELDS: Final = "{ name waiting running workers oldestAt pausedAt pausedBy pauseReason }"
QUEUES: Final = f"{{ queues {FIELDS} }}"
PAUSE: Final = f"mutation ($name: String!, $reason: String) {{ pauseQueue(name: $name, reason: $reason) {FIELDS} }}"
RESUME: Final = f"mutation ($name: String!) {{ resumeQueue(name: $name) {FIELDS} }}"


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.graph.figures.cached.SHORTEST_REST", 0.0)
    monkeypatch.setattr("taskflow.graph.figures.cached.REST_PER_COST", 0)


def worker_row(resources: Resources, name: str, **values: Any) -> Worker:
    now = resources.clock.now()
    return replace(Worker(name, "host", 7, "1.2", ["ship"], ["parcels"], 4, 1, now, now, False), **values)


async def queues(api: Api) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in (await api.ask(QUEUES))["queues"]}


async def test_workers_that_were_heard_of_within_three_leases_are_listed(api: Api, resources: Resources) -> None:
    lease, now = resources.settings.worker_lease, resources.clock.now()
    one = worker_row(resources, "one", seen_at=now - 2.9 * lease)
    for row in (one, worker_row(resources, "gone", seen_at=now - 3.1 * lease)):
        await workers.register(resources.engine, row)
    assert (await api.ask(WORKERS))["workers"] == [
        {
            "id": "one",
            "host": "host",
            "pid": 7,
            "version": "1.2",
            "kinds": ["ship"],
            "queues": ["parcels"],
            "slots": 4,
            "running": 1,
            "startedAt": format_instant(one.started_at),
            "seenAt": format_instant(one.seen_at),
            "isStopping": False,
        }
    ]


@pytest.mark.usefixtures("worker")
async def test_a_worker_beside_the_api_is_listed(api: Api) -> None:
    async def is_listed() -> bool:
        found = (await api.ask(WORKERS))["workers"]
        return len(found) == 1 and "progress" in found[0]["kinds"] and found[0]["queues"] == ["default"]

    await eventually(is_listed)


async def test_a_queue_that_only_a_worker_or_a_pause_names_is_listed(api: Api, resources: Resources) -> None:
    for row in (worker_row(resources, "one"), worker_row(resources, "stops", is_stopping=True)):
        await workers.register(resources.engine, row)
    await api.ask(PAUSE, name="nobodys")
    await api.create(queue="tasks")
    found = await queues(api)
    assert {name: one["workers"] for name, one in found.items()} == {
        "default": 0,
        "nobodys": 0,
        "parcels": 1,
        "tasks": 0,
    }


async def test_a_queue_says_since_when_its_oldest_task_waits(api: Api, resources: Resources) -> None:
    task = await api.create(queue="mail")
    later = datetime.now(UTC) + timedelta(hours=1)
    await api.create(queue="later", runAt=format_instant(later))

    async def is_at_the_broker() -> bool:
        return bool((await queues(api))["mail"]["oldestAt"])

    await eventually(is_at_the_broker)
    found = await queues(api)
    assert found["mail"]["oldestAt"] == task["updatedAt"]
    assert found["later"]["oldestAt"] is None


async def test_a_queue_is_paused_and_resumed(api: Api) -> None:
    paused = (await api.ask(PAUSE, name="mail", reason="  the provider is down "))["pauseQueue"]
    assert (paused["name"], paused["pauseReason"], paused["pausedBy"]) == ("mail", "the provider is down", None)
    assert datetime.now(UTC) - parse_instant(paused["pausedAt"]) < timedelta(minutes=1)
    again = (await api.ask(PAUSE, name="mail", reason="still"))["pauseQueue"]
    assert (again["pausedAt"], again["pauseReason"]) == (paused["pausedAt"], "still")
    assert (await api.ask(PAUSE, name="mail"))["pauseQueue"]["pauseReason"] is None
    assert (await queues(api))["mail"]["pausedAt"] == paused["pausedAt"]
    for _ in range(2):
        resumed = (await api.ask(RESUME, name="mail"))["resumeQueue"]
        assert (resumed["name"], resumed["pausedAt"], resumed["workers"]) == ("mail", None, 0)
    assert "mail" not in await queues(api)


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "q" * 101}, "name"),
        ({"name": "mail", "reason": "x" * 1001}, "reason"),
        ({"name": "mail", "reason": "a\0b"}, "reason"),
    ],
)
async def test_what_can_not_be_paused_is_refused_with_what_it_takes(
    api: Api, variables: dict[str, str], field: str
) -> None:
    error = await api.fail(PAUSE, **variables)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [one["field"] for one in error["extensions"]["errors"]] == [field]
    assert "takes" in error["message"]
    assert [*await queues(api)] == ["default"]


async def test_who_pauses_is_noted_and_has_to_be_an_operator(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def as_(role: Role) -> None:
        monkeypatch.setattr(Operation, "of", lambda on: Operation(on.app.state.services, Viewer("ana", role)))
        api.client._transport.app.state.graphql.context = Operation.of  # type: ignore[attr-defined]

    as_(Role.OPERATOR)
    assert (await api.ask(PAUSE, name="mail"))["pauseQueue"]["pausedBy"] == "ana"
    as_(Role.VIEWER)
    for operation in (PAUSE, RESUME):
        assert (await api.fail(operation, name="mail"))["extensions"]["code"] == "FORBIDDEN"
    assert (await queues(api))["mail"]["pausedBy"] == "ana"
