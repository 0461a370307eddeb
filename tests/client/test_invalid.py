"""What can't be a task is refused in the caller, each field by its name, before anybody is asked."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow import Client
from taskflow.errors import InvalidTask
from tests.client.handlers import Order, order

NOBODY = "http://127.0.0.1:9"
"""A request to there would raise Unavailable."""
NOW = datetime.now(UTC)


@pytest.fixture
async def alone() -> AsyncIterator[Client]:
    async with Client(NOBODY) as opened:
        yield opened


@pytest.mark.parametrize(
    ("payload", "options", "fields"),
    [
        ({"sku": 7}, {}, ["payload.sku"]),
        ({}, {"title": " "}, ["payload.sku", "title"]),
        ({"sku": "A", "count": "many"}, {}, ["payload.count"]),
        (None, {}, ["payload"]),
        ({"sku": "A"}, {"title": "a\x00b"}, ["title"]),
        ({"sku": "A"}, {"title": 5}, ["title"]),
        ({"sku": "A"}, {"queue": "no spaces"}, ["queue"]),
        ({"sku": "A"}, {"key": "k" * 129}, ["key"]),
        ({"sku": "A"}, {"max_attempts": 0}, ["max_attempts"]),
        ({"sku": "A"}, {"max_attempts": True}, ["max_attempts"]),
        ({"sku": "A"}, {"run_at": datetime(2030, 1, 1)}, ["run_at"]),
        ({"sku": "A"}, {"run_at": "2030-01-01T00:00:00Z"}, ["run_at"]),
        ({"sku": "A"}, {"run_at": NOW, "delay": 1}, ["delay"]),
        ({"sku": "A"}, {"delay": -1}, ["delay"]),
        ({"sku": "A"}, {"delay": float("nan")}, ["delay"]),
        ({"sku": "A"}, {"delay": timedelta.max}, ["delay"]),
    ],
)
async def test_each_wrong_field_is_named_before_any_request(
    alone: Client, payload: Any, options: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(InvalidTask) as refused:
        await alone.submit(order, payload, **options)
    assert sorted(refused.value.errors) == fields
    assert all(f"{field} {takes}" in str(refused.value) for field, takes in refused.value.errors.items())


async def test_kind_takes_only_a_name_and_a_payload_only_json(alone: Client) -> None:
    with pytest.raises(InvalidTask) as refused:
        await alone.submit("no spaces", {"when": object()})
    assert sorted(refused.value.errors) == ["kind", "payload"]


async def test_naive_time_says_what_it_takes_instead(alone: Client) -> None:
    with pytest.raises(InvalidTask, match=r"run_at takes a datetime with a zone, as datetime.now\(UTC\)"):
        await alone.submit(order, Order(sku="A"), run_at=datetime(2030, 1, 1))


async def test_many_name_the_item_of_each_problem(alone: Client) -> None:
    items: list[Any] = [(order, Order(sku="A")), ("b", None, {"title": ""}), ("c", None), (order, {"sku": None})]
    with pytest.raises(InvalidTask) as refused:
        await alone.submit_many(items)
    assert sorted(refused.value.errors) == ["items[1].title", "items[3].payload.sku"]


async def test_what_is_no_handler_and_an_option_that_there_is_not_are_type_errors(alone: Client) -> None:
    def unmarked(payload: None) -> None: ...

    with pytest.raises(TypeError, match="a handler that @task has marked, or a kind"):
        await alone.submit(unmarked)
    with pytest.raises(TypeError, match="no option retries"):
        await alone.submit("kind", None, retries=3)  # type: ignore[call-overload]


async def test_what_only_the_server_knows_is_named_alike(tasks: Client) -> None:
    with pytest.raises(InvalidTask) as refused:
        await tasks.submit("kind", {"text": "x" * 20_000})
    assert list(refused.value.errors) == ["payload"]
    assert "at most 10000 bytes" in refused.value.errors["payload"]
    with pytest.raises(InvalidTask) as refused:
        await tasks.submit_many([("kind", None), ("kind", {"text": "x" * 20_000})])
    assert list(refused.value.errors) == ["items[1].payload"]
    assert [one async for one in tasks.list()] == []
