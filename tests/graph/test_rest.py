"""REST: the documented calls, their bodies and headers, and a problem document for everything else."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.graph.api import Api

TASK = {
    "kind": "message",
    "queue": "default",
    "status": "PENDING",
    "message": None,
    "result": None,
    "error": None,
    "progress": None,
    "attempt": 0,
    "max_attempts": 3,
    "version": 1,
    "run_at": None,
    "started_at": None,
    "finished_at": None,
    "duration_ms": None,
}


def assert_problem(response: httpx.Response, status: int, *fields: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body.keys() - {"errors"} == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert [one["field"] for one in body.get("errors", ())] == list(fields)


async def test_created_task_is_where_its_location_says(client: httpx.AsyncClient) -> None:
    asked = {"title": "Example Task", "payload": {"value": 42}}
    response = await client.post("/tasks", json=asked)
    task = response.json()
    assert (response.status_code, response.headers["location"]) == (201, f"/tasks/{task['task_id']}")
    assert task == TASK | asked | {key: task[key] for key in ("task_id", "created_at", "updated_at")}
    assert (await client.get(response.headers["location"])).json() == task


async def test_optional_keys_are_taken_and_null_is_as_good_as_absent(client: httpx.AsyncClient) -> None:
    given = {"kind": "k", "queue": "q", "run_at": "2031-01-31T10:30:00+01:00", "max_attempts": 1, "payload": None}
    task = (await client.post("/tasks", json={"title": "A", **given})).json()
    assert task | given == task | {"run_at": given["run_at"]}
    assert task["run_at"] == "2031-01-31T09:30:00.000000Z"
    task = (await client.post("/tasks", json={"title": "A", **dict.fromkeys(given)})).json()
    assert TASK | task == task


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["title"]),
        ([], ["body"]),
        ("A", ["body"]),
        ({"title": None}, ["title"]),
        ({"title": ""}, ["title"]),
        ({"title": "a" * 256}, ["title"]),
        ({"title": 5}, ["title"]),
        ({"title": "a\x00"}, ["title"]),
        ({"title": "A", "payload": 5}, ["payload"]),
        ({"title": "A", "payload": {"a": 2**64}}, ["payload"]),
        ({"title": "A", "payload": json.loads('{"a":' * 100 + "1" + "}" * 100)}, ["payload"]),
        ({"title": "A", "kind": "", "queue": 5}, ["queue"]),
        ({"title": "A", "kind": "", "queue": ""}, ["kind", "queue"]),
        ({"title": "A", "run_at": "2031-01-31T09:30:00"}, ["run_at"]),
        ({"title": "A", "run_at": "0001-01-01T00:00:00+14:00"}, ["run_at"]),
        ({"title": "A", "run_at": 5}, ["run_at"]),
        ({"title": "A", "max_attempts": 0}, ["max_attempts"]),
        ({"title": "A", "max_attempts": 2**70}, ["max_attempts"]),
        ({"title": "A", "max_attempts": True}, ["max_attempts"]),
        ({"title": "A", "max_attempts": 1.5}, ["max_attempts"]),
        ({"title": "A", "status": "DONE", "maxAttempts": 1}, ["status", "maxAttempts"]),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_invalid_body_is_422_with_every_field(client: httpx.AsyncClient, body: Any, fields: list[str]) -> None:
    assert_problem(await client.post("/tasks", json=body), 422, *fields)
    assert (await client.get("/tasks")).json() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"title": "\\ud800"}',
        b'{"title": "A", "payload": {"a": NaN}}',
        b'{"title": "A", "payload": {"a": 1e999}}',
        b'{"title": "A", "payload": {"a": ' + b"9" * 5_000 + b"}}",
        b"[" * 300_000,
        b'{"title": "A", "payload": ' + b'{"a":' * 500 + b"1" + b"}" * 501,
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_what_is_not_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/tasks", content=body, headers={"content-type": "application/json"})
    assert_problem(response, 400)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
async def test_other_media_types_are_415(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("/tasks", content=b'{"title": "A"}', headers={"content-type": content_type})
    assert_problem(response, 415)


async def test_what_is_too_large_is_413_but_escapes_and_blanks_do_not_count(client: httpx.AsyncClient) -> None:
    too_large = {"title": "A", "payload": {"a": "é" * 131_100}}
    assert_problem(await client.post("/tasks", json=too_large), 413, "payload")
    enormous = b" " * 1_000_000
    assert_problem(await client.post("/tasks", content=enormous, headers={"content-type": "application/json"}), 413)
    escaped = json.dumps({"title": "A", "payload": {"a": "é" * 131_000}}, indent=4)
    assert len(escaped) > 3 * 250_000
    response = await client.post("/tasks", content=escaped, headers={"content-type": "application/json"})
    assert response.status_code == 201


async def test_repeated_key_is_200_with_the_first_task_and_409_with_another_body(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k"}
    first = await client.post("/tasks", json={"title": "Once"}, headers=headers)
    again = await client.post("/tasks", json={"title": "Once"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert_problem(await client.post("/tasks", json={"title": "Other"}, headers=headers), 409)
    for bad in ("", "k" * 129):
        response = await client.post("/tasks", json={"title": "A"}, headers={"idempotency-key": bad})
        assert_problem(response, 422, "idempotency_key")


@pytest.mark.parametrize("key", ["k", "clé 🔑"])
async def test_key_used_over_graphql_is_known_over_rest(api: Api, client: httpx.AsyncClient, key: str) -> None:
    values = {"title": "Once", "payload": {"a": 1}}
    first = await api.create(**values, idempotencyKey=key, runAt="2031-01-01T00:00:00Z")  # type: ignore[arg-type]
    body = {**values, "run_at": "2031-01-01T00:00:00.000Z"}
    response = await client.post("/tasks", json=body, headers={b"idempotency-key": key.encode()})
    assert (response.status_code, response.json()["task_id"]) == (200, first["id"])


@pytest.mark.parametrize("task_id", ["nothing", "%00", "%C3%A9", "a" * 5000], ids=len)
async def test_task_that_is_not_there_is_404(client: httpx.AsyncClient, task_id: str) -> None:
    assert_problem(await client.get(f"/tasks/{task_id}"), 404)
    assert_problem(await client.get(f"/tasks/{task_id}/events"), 404)


async def test_history_is_an_array_oldest_first(api: Api, client: httpx.AsyncClient) -> None:
    task_id = (await api.create())["id"]
    await api.ask("mutation ($id: ID!) { cancelTask(id: $id) { id } }", id=task_id)
    events = (await client.get(f"/tasks/{task_id}/events")).json()
    assert [(event["version"], event["status"]) for event in events] == [(1, "PENDING"), (2, "CANCELLED")]
    assert int(events[0]["event_id"]) < int(events[1]["event_id"])


async def pages(client: httpx.AsyncClient, url: str) -> list[list[str]]:
    """The titles on each page, by the Link header alone."""
    found = []
    while True:
        response = await client.get(url)
        found.append([task["title"] for task in response.json()])
        following = response.links.get("next")
        if following is None:
            return found
        url = following["url"]


async def test_list_goes_on_by_its_link_with_the_same_filter(api: Api, client: httpx.AsyncClient) -> None:
    await api.create_all(*({"title": f"Größe & {number}", "kind": f"k{number % 2}"} for number in range(6)))
    everything = await pages(client, "/tasks?limit=4")
    assert everything == [[f"Größe & {number}" for number in some] for some in ((5, 4, 3, 2), (1, 0))]
    some = await pages(client, f"/tasks?limit=2&kind=k1&kind=none&status=PENDING&status=DONE&q={quote('größe &')}")
    assert some == [["Größe & 5", "Größe & 3"], ["Größe & 1"]]
    assert await pages(client, "/tasks?status=DONE&status=FAILED") == [[]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=OPEN", "status"),
        ("status=done", "status"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=1e2", "limit"),
        ("limit=", "limit"),
        ("limit=-1", "limit"),
        ("limit=%D9%A1", "limit"),
        ("cursor=", "cursor"),
        ("cursor=made-up", "cursor"),
        ("cursor=WyJhIiwiYiIsImMiXQ", "cursor"),
        ("q=" + "x" * 256, "q"),
        ("&".join(f"kind=k{number}" for number in range(101)), "kind"),
    ],
    ids=lambda value: value[:30],
)
async def test_invalid_parameter_is_422_with_its_name(client: httpx.AsyncClient, query: str, field: str) -> None:
    assert_problem(await client.get(f"/tasks?{query}"), 422, field)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/tasks", {"GET", "HEAD", "POST"}),
        ("DELETE", "/tasks/a", {"GET", "HEAD"}),
        ("POST", "/tasks/a/events", {"GET", "HEAD"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
    ],
)
async def test_other_methods_are_405_with_those_allowed(
    client: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    response = await client.request(method, path)
    assert_problem(response, 405)
    assert set(response.headers["allow"].split(", ")) == allowed


async def test_what_is_nowhere_is_a_404_problem(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404)
