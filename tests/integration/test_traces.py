"""One trace from the call to the handler, over a retry, and over an attempt whose worker was killed: at a collector."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests import services
from tests.contracts.waiting import eventually
from tests.integration.cluster import Cluster, cluster_on, embedded
from tests.integration.collector import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, Collector, Received, collecting

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

SECRET = "s3cr3t-w0rd"
CREATE = f"""
mutation CreateTraced($input: CreateTaskInput!) {{ createTask(input: $input) {{ task {{ id traceId traceUrl }} }} }}
# {SECRET}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["embedded", pytest.param("services", marks=pytest.mark.services)]
)
async def cluster(
    request: pytest.FixtureRequest,
    collector: Collector,
    tmp_path_factory: pytest.TempPathFactory,
    service_url: Callable[[services.Service], str],
) -> AsyncIterator[Cluster]:
    """`taskflow up` alone, or an API and a worker on real services."""
    settings = {
        "WORKER_HANDLERS": "tests.integration.traced",
        "WORKER_LEASE": "2",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "TRACE_URL": "https://jaeger.example/trace/{trace_id}",
    }
    folder: Path = tmp_path_factory.mktemp("traced")
    if request.param == "embedded":
        async with embedded(folder, **settings) as cluster:
            yield cluster
        return
    server = service_url("mysql" if services.url("mysql") else "mariadb")
    rabbitmq_url, redis_url = service_url("rabbitmq"), service_url("redis")
    async with cluster_on(
        folder, server=server, rabbitmq_url=rabbitmq_url, redis_url=redis_url, workers=1, **settings
    ) as cluster:
        yield cluster


class Caller:
    """A program that is in a span."""

    def __init__(self) -> None:
        self.trace, self.span = secrets.token_hex(16), secrets.token_hex(8)
        self.headers = {"traceparent": f"00-{self.trace}-{self.span}-01"}


def named(spans: list[Received], name: str, kind: int) -> list[Received]:
    return [span for span in spans if (span.name, span.kind) == (name, kind)]


def ended(attempts: int) -> Callable[[list[Received]], bool]:
    return lambda spans: len(named(spans, "process default", CONSUMER)) == attempts


async def test_from_the_mutation_to_the_handler_and_over_a_retry(cluster: Cluster, collector: Collector) -> None:
    caller = Caller()
    variables = {"input": {"title": SECRET, "kind": "traced", "payload": {"secret": SECRET}}}
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        answer = await client.post("/graphql", json={"query": CREATE, "variables": variables}, headers=caller.headers)
    task = answer.json()["data"]["createTask"]["task"]
    assert (task["traceId"], task["traceUrl"]) == (caller.trace, f"https://jaeger.example/trace/{caller.trace}")
    spans = await collector.of_trace(caller.trace, ended(3))

    [call] = named(spans, "mutation CreateTraced", SERVER)
    assert call.parent == caller.span
    assert call.attributes == {"graphql.operation.type": "mutation", "graphql.operation.name": "CreateTraced"}
    [storing] = [span for span in named(spans, "create tasks", INTERNAL) if span.parent == call.id]
    assert any(span.parent == storing.id for span in named(spans, "INSERT", CLIENT))

    if cluster.workers:  # on a bus of its own it goes to nobody else
        await collector.of_trace(caller.trace, lambda found: bool(named(found, "PUBLISH", CLIENT)))

    own = [span for span in spans if span.attributes.get("messaging.message.id") == task["id"]]
    created = [(caller.trace, call.id)]
    published = named(own, "publish default", PRODUCER)
    assert [(span.parent, span.links) for span in published] == [(call.id, created)] * 2
    first, second = named(own, "process default", CONSUMER)
    for attempt in (first, second):
        assert (attempt.parent, attempt.links) == (call.id, created)
        assert attempt.attributes["messaging.operation.name"] == "process"
        assert attempt.attributes["messaging.destination.name"]
    assert (first.attributes["taskflow.attempt"], first.is_error) == (1, True)
    assert first.attributes["error.type"] == "ConnectionError"
    assert (second.attributes["taskflow.attempt"], second.is_error) == (2, False)
    assert [span.parent for span in named(spans, "own work", INTERNAL)] == [first.id, second.id]


async def test_what_a_handler_submits_goes_on_in_its_span(cluster: Cluster, collector: Collector) -> None:
    caller = Caller()
    await _post(cluster, caller, kind="traced", payload={"secret": SECRET})
    spans = await collector.of_trace(caller.trace, ended(3))
    work = named(spans, "own work", INTERNAL)[-1]
    [child] = [
        span for span in spans if span.attributes.get("taskflow.kind") == "traced-in-a-thread" and span.kind == CONSUMER
    ]
    assert (child.parent, child.links) == (work.id, [(caller.trace, work.id)])
    [in_thread] = named(spans, "work in a thread", INTERNAL)
    assert in_thread.parent == child.id


async def test_an_attempt_after_a_killed_worker_is_in_the_same_trace(cluster: Cluster, collector: Collector) -> None:
    caller = Caller()
    task_id = await _post(cluster, caller, kind="held", payload={"secret": SECRET})

    async def is_held() -> bool:
        return (task_id, 1) in cluster.journal()

    await eventually(is_held, within=60)
    await collector.of_trace(caller.trace, lambda spans: bool(named(spans, "POST /tasks", SERVER)))
    if cluster.workers:
        await cluster.workers[0].kill()
        await cluster.start_worker()
    else:
        await cluster.api.kill()
        await cluster.start_up()
    spans = await collector.of_trace(caller.trace, ended(1))
    [call] = named(spans, "POST /tasks", SERVER)
    assert (call.parent, call.attributes["http.response.status_code"]) == (caller.span, 201)
    [recovered] = named(spans, "process default", CONSUMER)
    assert recovered.attributes["taskflow.attempt"] == 2
    assert (recovered.parent, recovered.links) == (call.id, [(caller.trace, call.id)])


async def test_each_line_of_the_log_names_the_trace(cluster: Cluster, collector: Collector) -> None:
    caller = Caller()
    task_id = await _post(cluster, caller, kind="traced", payload={"secret": SECRET})
    await collector.of_trace(caller.trace, ended(3))
    lines = [line for program in cluster.programs for line in program.lines() if line.get("task_id") == task_id]
    assert [line["event"] for line in lines] == ["attempt started", "attempt ended"] * 2
    assert {line["trace_id"] for line in lines} == {caller.trace}


async def test_no_span_has_what_was_sent_or_said(cluster: Cluster, collector: Collector) -> None:
    """After all that the tests above did."""
    assert b"CreateTraced" in collector.ours
    assert SECRET.encode() not in collector.ours
    assert {span.service for span in collector.spans} == {"taskflow"}
    assert not [span for span in collector.spans if "subscription" in span.name]


async def _post(cluster: Cluster, caller: Caller, **asked: object) -> str:
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        answer = await client.post("/tasks", json={"title": SECRET} | asked, headers=caller.headers)
    task_id: str = answer.json()["task_id"]
    return task_id
