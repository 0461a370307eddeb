"""The same idempotency key with the same ask is the same task, however the ask is written; with another it is not."""

from typing import Any

import httpx
import pytest

from tests.graph.api import Api

ASK: dict[str, Any] = {"title": "A", "payload": {"a": 1, "b": [1, {"c": 2}], "d": None}}
SAME: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a number with a point": {"payload": {"a": 1.0, "b": [1e0, {"c": 2.0}], "d": None}},
    "another order of keys": {"payload": {"d": None, "b": [1, {"c": 2}], "a": 1}},
    "spaces around the title": {"title": " A "},
    "the default kind": {"kind": "message"},
    "the default queue": {"queue": "default"},
    "the default attempts": {"max_attempts": 3},
    "every default": {"kind": "message", "queue": "default", "max_attempts": 3, "run_at": None},
}
OTHER: dict[str, dict[str, Any]] = {
    "another number": {"payload": {"a": 1.5, "b": [1, {"c": 2}], "d": None}},
    "a truth for a number": {"payload": {"a": True, "b": [1, {"c": 2}], "d": None}},
    "a text for a number": {"payload": {"a": "1", "b": [1, {"c": 2}], "d": None}},
    "another order of items": {"payload": {"a": 1, "b": [{"c": 2}, 1], "d": None}},
    "no null": {"payload": {"a": 1, "b": [1, {"c": 2}]}},
    "no payload": {"payload": None},
    "other attempts": {"max_attempts": 4},
    "another queue": {"queue": "mail"},
    "another kind": {"kind": "other"},
    "a date": {"run_at": "2031-01-01T00:00:00Z"},
}
KEY = {"idempotency-key": "k"}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
async def test_the_same_ask_is_the_same_task(client: httpx.AsyncClient, api: Api, change: dict[str, Any]) -> None:
    first = await client.post("/tasks", json=ASK, headers=KEY)
    again = await client.post("/tasks", json=ASK | change, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 200), again.text
    assert again.json() == first.json()
    named = {"max_attempts": "maxAttempts", "run_at": "runAt"}
    over_graphql = {named.get(name, name): value for name, value in (ASK | change).items()}
    assert (await api.create(**over_graphql, idempotencyKey="k"))["id"] == first.json()["task_id"]


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
async def test_another_ask_is_a_conflict(client: httpx.AsyncClient, change: dict[str, Any]) -> None:
    assert (await client.post("/tasks", json=ASK, headers=KEY)).status_code == 201
    assert (await client.post("/tasks", json=ASK | change, headers=KEY)).status_code == 409


@pytest.mark.parametrize(("one", "other"), [(0, -0.0), (2**53, 2.0**53), (-(2**63), -(2.0**63))])
async def test_numbers_are_compared_by_their_value(client: httpx.AsyncClient, one: float, other: float) -> None:
    bodies = [{"title": "A", "payload": {"a": number}} for number in (one, other)]
    first, again = [await client.post("/tasks", json=body, headers=KEY) for body in bodies]
    assert again.json()["task_id"] == first.json()["task_id"]
