"""What is recorded of the API: each query and mutation by its name, each REST call by its route; no event."""

from dataclasses import replace

import httpx
import pytest
from opentelemetry.trace import SpanKind, format_trace_id

from taskflow.infra.resources import Resources
from tests.contracts.waiting import eventually
from tests.graph import conftest as bench
from tests.graph.api import Api
from tests.graph.client import connected
from tests.graph.serve import serving
from tests.recording import Recording

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRET = "s3cr3t-w0rd"
WATCH = "subscription Watch { taskStatus { status } }"


@pytest.fixture
def recording() -> Recording:
    return Recording()


opened = bench.resources


@pytest.fixture
async def resources(opened: Resources, recording: Recording) -> Resources:
    recording.tracing.watch(opened.engine)
    return replace(opened, tracing=recording.tracing)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (f'mutation Create {{ createTask(input: {{title: "{SECRET}"}}) {{ created }} }}', "mutation Create"),
        ("query List { tasks { totalCount } }", "query List"),
        ("{ tasks { totalCount } }", "query"),
        (f"query {'x' * 300} {{ stats {{ total }} }}", f"query {'x' * 100}"),
    ],
)
async def test_an_operation_is_a_span_by_its_name(
    client: httpx.AsyncClient, recording: Recording, query: str, name: str
) -> None:
    variables = {"unused": SECRET}
    await client.post("/graphql", json={"query": query, "variables": variables}, headers={"traceparent": PARENT})
    [call] = recording.of(SpanKind.SERVER)
    assert (call.name, format_trace_id(call.context.trace_id)) == (name, TRACE)
    assert call.status.is_ok
    assert SECRET not in recording.text()


async def test_a_call_of_rest_is_a_span_by_its_route(client: httpx.AsyncClient, recording: Recording) -> None:
    for path in ("/tasks", f"/tasks/{SECRET}", f"/tasks/{SECRET}/events", f"/tasks?q={SECRET}"):
        await client.get(path)
    await client.post("/tasks", content=SECRET)
    assert [call.name for call in recording.of(SpanKind.SERVER)] == [
        "GET /tasks",
        "GET /tasks/{task_id}",
        "GET /tasks/{task_id}/events",
        "GET /tasks",
        "POST /tasks",
    ]
    statuses = [
        call.attributes and call.attributes["http.response.status_code"] for call in recording.of(SpanKind.SERVER)
    ]
    assert statuses == [200, 404, 404, 200, 415]
    assert all(call.status.is_ok for call in recording.of(SpanKind.SERVER))
    assert SECRET not in recording.text()


async def test_a_fault_of_ours_is_an_error_and_the_callers_is_none(
    client: httpx.AsyncClient, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def boom(*arguments: object, **options: object) -> None:
        raise RuntimeError(SECRET)

    api = Api(client)
    await api.fail("query Wrong { tasks(first: 0) { totalCount } }")
    monkeypatch.setattr("taskflow.db.counting.count", boom)
    monkeypatch.setattr("taskflow.db.queries.get", boom)
    await api.fail("query Broken { tasks { totalCount } }")
    await client.get("/tasks/1")
    assert [(call.name, call.status.is_ok) for call in recording.of(SpanKind.SERVER)] == [
        ("query Wrong", True),
        ("query Broken", False),
        ("GET /tasks/{task_id}", False),
    ]
    assert SECRET not in recording.text()


async def test_over_a_socket_too_but_not_an_event_of_a_subscription(
    app: object, recording: Recording, resources: Resources
) -> None:
    create = 'mutation Create { createTask(input: {title: "A"}) { created } }'
    async with serving(app) as address, connected(f"ws://{address}/graphql") as socket:  # type: ignore[arg-type]
        await socket.subscribe("watch", WATCH)
        await socket.subscribe("create", create)
        heard = {(await socket.next())["id"] for _ in range(3)}
    assert heard == {"watch", "create"}

    async def is_over() -> bool:
        return bool(recording.of(SpanKind.SERVER))

    await eventually(is_over)
    assert [call.name for call in recording.of(SpanKind.SERVER)] == ["mutation Create"]


async def test_a_host_that_records_the_call_has_ours_inside_of_its_own(
    client: httpx.AsyncClient, recording: Recording
) -> None:
    with recording.provider.get_tracer("host").start_as_current_span("host") as span:
        await client.get("/tasks", headers={"traceparent": PARENT})
    [call] = recording.of(SpanKind.SERVER)
    assert call.parent == span.get_span_context()
