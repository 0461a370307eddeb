"""What a user does, on real services and real processes: submit by any door, watch by any window."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiormq
import pytest
import pytest_asyncio
import sqlalchemy as sa
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from tests import services
from tests.contracts.waiting import eventually
from tests.integration.api import ENDED, Watcher, subscribe, watching
from tests.integration.checks import check_histories, check_logs
from tests.integration.cluster import Cluster, cluster_on
from tests.integration.conftest import FindService
from tests.integration.program import run

pytestmark = [pytest.mark.services, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

STORY = [(1, "PENDING"), (2, "PROCESSING"), (3, "DONE")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["mysql", "mariadb"])
async def cluster(
    request: pytest.FixtureRequest,
    service_url: FindService,
    rabbitmq_url: str,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Cluster]:
    """The first journeys are made on both databases."""
    name: services.Service = request.param
    async with cluster_on(
        tmp_path_factory.mktemp(name),
        server=service_url(name),
        rabbitmq_url=rabbitmq_url,
        redis_url=redis_url,
        workers=2,
    ) as cluster:
        yield cluster


@pytest_asyncio.fixture(loop_scope="module")
async def watcher(cluster: Cluster) -> AsyncIterator[Watcher]:
    async with watching(cluster.url) as watcher:
        yield watcher


def told(watcher: Watcher, task_id: str) -> list[tuple[int, str]]:
    return sorted(watcher.versions[task_id].items())


async def test_a_task_created_over_graphql_is_seen_to_its_end(cluster: Cluster, watcher: Watcher) -> None:
    task_id = await cluster.client.create(payload={"message": "Task complete"})
    await watcher.see_the_end_of([task_id], within=10)
    assert told(watcher, task_id) == STORY
    task = await cluster.client.get(f"/tasks/{task_id}")
    assert (task["status"], task["message"], task["attempt"]) == ("DONE", "Task complete", 1)
    assert await check_histories(cluster, [task_id]) == {}


async def test_a_task_created_over_rest_is_seen_to_its_end(cluster: Cluster, watcher: Watcher) -> None:
    response = await cluster.client.post(title="Example Task", payload={"value": 42})
    assert response.status_code == 201
    task_id = response.json()["task_id"]
    assert response.headers["location"] == f"/tasks/{task_id}"
    await watcher.see_the_end_of([task_id], within=10)
    events = await cluster.client.get(f"/tasks/{task_id}/events")
    assert [(event["version"], event["status"]) for event in events] == [*STORY[:2], (3, "FAILED")]
    assert events[-1]["message"] == "Payload missing required 'message' field"


async def test_a_watcher_of_one_task_sees_its_state_then_each_change(cluster: Cluster) -> None:
    task_id = await cluster.client.create(kind="nap", payload={"seconds": 0.3})
    seen = []
    async for event in subscribe(cluster.url, WATCH_ONE, {"taskId": task_id}):
        seen.append((event["version"], event["status"]))
        if event["status"] in ENDED:
            break
    assert seen[-1] == (3, "DONE")
    assert seen == STORY[3 - len(seen) :]
    assert len(seen) >= 2


WATCH_ONE = "subscription ($taskId: ID!) { taskStatus(taskId: $taskId) { id taskId version status message progress } }"


async def test_progress_is_seen_live_and_the_log_carries_the_task(cluster: Cluster) -> None:
    task_id = await cluster.client.create(kind="steps", payload={"steps": 4})
    seen = []
    async for event in subscribe(cluster.url, WATCH_ONE, {"taskId": task_id}):
        seen.append((event["version"], event["progress"], event["message"]))
        if event["status"] in ENDED:
            break
    assert [one for one in seen if one[1] == 0.25] == [(2, 0.25, "step 1")]
    assert seen[-1][:2] == (3, 1.0)
    for line in ("attempt started", "the team's own line", "attempt ended"):
        [found] = [
            entry
            for worker in cluster.workers
            for entry in worker.lines()
            if entry.get("event") == line and entry.get("task_id") == task_id
        ]
        assert (found["kind"], found["attempt"]) == ("steps", 1)


async def test_the_status_feed_brings_every_change_of_every_task(cluster: Cluster) -> None:
    async with connect(f"ws{cluster.url.removeprefix('http')}/ws") as feed:
        await feed.ping()
        await cluster.client.get("/livez")
        ids = [await cluster.client.create(payload={"message": str(number)}) for number in range(5)]
        seen: dict[str, list[tuple[int, str]]] = {one: [] for one in ids}
        async with asyncio.timeout(10):
            while any(len(one) < 3 for one in seen.values()):
                event = json.loads(await feed.recv())
                if event["task_id"] in seen:
                    seen[event["task_id"]].append((event["version"], event["status"]))
    assert list(seen.values()) == [STORY] * 5


async def test_the_terminal_shows_a_task_to_its_end(cluster: Cluster) -> None:
    address = {"TASKFLOW_URL": cluster.url}
    code, out, error = await run(
        address, "submit", "hello", "--payload", '{"seconds": 0.5}', "--kind", "nap", "--watch"
    )
    assert (code, error) == (0, "")
    task_id, *story = out.splitlines()
    assert uuid.UUID(task_id)
    assert re.fullmatch(r"[\d:.]+ DONE\s*", story[-1])
    assert await run(address, "watch", task_id) == (0, f"{story[-1]}\n", "")


async def test_the_terminal_tells_failure_by_its_exit_code(cluster: Cluster) -> None:
    code, out, error = await run({"TASKFLOW_URL": cluster.url}, "submit", "hello", "--payload", "{}", "--watch")
    assert (code, error) == (1, "")
    assert "FAILED" in out
    assert "Payload missing required 'message' field" in out


async def test_retries_and_the_dead_letter_of_the_last(cluster: Cluster, watcher: Watcher, rabbitmq_url: str) -> None:
    async with dead_letters(rabbitmq_url) as find:
        passing = await cluster.client.create(kind="stumble", payload={"failures": 1})
        hopeless = await cluster.client.create(kind="stumble", payload={"failures": 9}, maxAttempts=2)
        await watcher.see_the_end_of([passing, hopeless], within=15)
        letter = await find(hopeless)
    assert [status for _, status in told(watcher, passing)][2:] == ["PENDING", "PROCESSING", "DONE"]
    assert [status for _, status in told(watcher, hopeless)][2:] == ["PENDING", "PROCESSING", "FAILED"]
    assert json.loads(letter.body)["payload"] == {"failures": 9}
    assert (letter.header.properties.headers or {})["x-taskflow-reason"] == "no answer at attempt 2"
    assert await check_histories(cluster, [passing, hopeless]) == {"ConnectionError": 3}


@asynccontextmanager
async def dead_letters(rabbitmq_url: str) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """Finds a task's letter among what reaches `task.dead` from here on, in a queue of our own: others fill that."""
    async with aiormq.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        queue = (await channel.queue_declare(exclusive=True)).queue
        assert queue
        await channel.queue_bind(queue, "task.dead")

        async def find(task_id: str) -> Any:
            found: list[Any] = []

            async def is_there() -> bool:
                message = await channel.basic_get(queue, no_ack=True)
                if message.delivery_tag is not None and message.header.properties.message_id == task_id:
                    found.append(message)
                return bool(found)

            await eventually(is_there)
            return found[0]

        yield find


async def test_an_outsider_needs_the_documented_columns_and_body_alone(
    cluster: Cluster, watcher: Watcher, rabbitmq_url: str, redis_url: str
) -> None:
    task_id, payload = str(uuid.uuid4()), {"message": "Task complete"}
    async with Redis.from_url(redis_url) as redis, redis.pubsub() as channel:
        await channel.subscribe("task.status")
        insert = "INSERT INTO tasks (id, title, payload, status) VALUES (:id, 'From outside', :payload, 'PENDING')"
        async with cluster.database.begin() as connection:
            await connection.execute(sa.text(insert), {"id": task_id, "payload": json.dumps(payload)})
        body = {"task_id": task_id, "payload": payload, "requested_at": "2025-10-13T02:30:00Z"}
        async with aiormq.connect(rabbitmq_url) as broker:
            outlet = await broker.channel()
            await outlet.basic_publish(
                json.dumps(body).encode(),
                exchange=cluster.settings["RABBITMQ_EXCHANGE"],
                routing_key=cluster.settings["RABBITMQ_ROUTING_KEY"],
            )
        await watcher.see_the_end_of([task_id], within=10)
        messages = await news_of(channel, task_id)
    events = await cluster.client.get(f"/tasks/{task_id}/events")
    assert [(event["version"], event["status"]) for event in events] == STORY
    assert [message["status"] for message in messages] == ["PENDING", "PROCESSING", "DONE"]
    assert set(messages[-1]) >= {"task_id", "status", "updated_at", "message"}
    assert messages[-1]["message"] == "Task complete"
    assert messages[-1]["updated_at"].endswith("Z")
    assert datetime.fromisoformat(messages[-1]["updated_at"])
    await check_histories(cluster, [task_id])


async def news_of(channel: Any, task_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        async for message in channel.listen():
            if message["type"] == "message" and json.loads(message["data"])["task_id"] == task_id:
                found.append(json.loads(message["data"]))
                if found[-1]["status"] in ENDED:
                    break
    return found


async def test_a_message_that_names_a_task_in_another_case_is_another_tasks(
    cluster: Cluster, watcher: Watcher, rabbitmq_url: str
) -> None:
    """Databases compare ids without regard to case; a worker must not take the one and dead-letter the other."""
    task_id = await cluster.client.create(payload={"message": "mine"}, queue="nobodys")
    async with dead_letters(rabbitmq_url) as find, aiormq.connect(rabbitmq_url) as broker:
        outlet = await broker.channel()
        for queue_id in (task_id.upper(), task_id + " "):
            await outlet.basic_publish(
                json.dumps({"task_id": queue_id}).encode(),
                exchange=cluster.settings["RABBITMQ_EXCHANGE"],
                routing_key=cluster.settings["RABBITMQ_ROUTING_KEY"],
            )
        await find(task_id.upper())
    assert (await cluster.client.get(f"/tasks/{task_id}"))["status"] == "PENDING"


async def test_no_log_holds_a_traceback_after_all_that(cluster: Cluster) -> None:
    check_logs(cluster)
