"""What is created: one task or many, all or none, and once for each idempotency key."""

from typing import Any

import pytest

from tests.graph.api import COUNT, CREATE, CREATE_MANY, Api


async def test_created_task_is_complete_and_pending(api: Api) -> None:
    payload = {"text": "é 🏊", "big": 2**64 - 1, "float": 0.1, "list": [None, True]}
    task = await api.create("  A title  ", payload=payload, runAt="2031-01-31T10:30:00.5+01:00", maxAttempts=100)
    stamps = {key: task.pop(key) for key in ("id", "createdAt", "updatedAt")}
    assert stamps["createdAt"] == stamps["updatedAt"]
    assert task == {
        "title": "A title",
        "kind": "message",
        "queue": "default",
        "payload": payload,
        "status": "PENDING",
        "attempt": 0,
        "maxAttempts": 100,
        "version": 1,
        "runAt": "2031-01-31T09:30:00.500000Z",
        **dict.fromkeys(
            ["message", "result", "error", "progress", "idempotencyKey", "startedAt", "finishedAt", "durationMs"],
        ),
    }
    read = "query ($id: ID!) { task(id: $id) { payload events { version status at error { type } } } }"
    stored = (await api.ask(read, id=stamps["id"]))["task"]
    event = {"version": 1, "status": "PENDING", "at": stamps["createdAt"], "error": None}
    assert stored == {"payload": payload, "events": [event]}


async def test_many_are_created_in_their_order(api: Api) -> None:
    inputs = [{"title": f"Task {number}"} for number in range(1000)]
    answer = (await api.ask(CREATE_MANY, inputs=inputs))["createTasks"]
    assert answer["createdCount"] == 1000
    assert [task["title"] for task in answer["tasks"]] == [one["title"] for one in inputs]


async def test_of_many_one_that_is_bad_keeps_out_all(api: Api) -> None:
    error = await api.fail(CREATE_MANY, inputs=[{"title": "Good"}, {"title": "", "maxAttempts": 0}])
    fields = [one["field"] for one in error["extensions"]["errors"]]
    assert fields == ["inputs[1].title", "inputs[1].maxAttempts"]
    assert (await api.ask(COUNT))["tasks"]["totalCount"] == 0


@pytest.mark.parametrize("count", [0, 1001])
async def test_of_many_there_are_1_to_1000(api: Api, count: int) -> None:
    error = await api.fail(CREATE_MANY, inputs=[{"title": "A"}] * count)
    assert error["message"] == f"inputs takes 1 to 1000 tasks, not {count}"
    assert error["extensions"]["errors"][0]["field"] == "inputs"


async def test_of_many_one_whose_key_was_used_otherwise_keeps_out_all(api: Api) -> None:
    await api.create("First", idempotencyKey="k")
    error = await api.fail(CREATE_MANY, inputs=[{"title": "Good"}, {"title": "Other", "idempotencyKey": "k"}])
    assert error["extensions"]["code"] == "CONFLICT"
    assert (await api.ask(COUNT))["tasks"]["totalCount"] == 1


async def test_of_many_a_known_key_gives_its_first_task(api: Api) -> None:
    first = await api.create("First", idempotencyKey="k")
    inputs = [{"title": "New"}, {"title": "First", "idempotencyKey": "k"}, *[{"title": "N", "idempotencyKey": "n"}] * 2]
    answer = (await api.ask(CREATE_MANY, inputs=inputs))["createTasks"]
    assert answer["createdCount"] == 2
    assert answer["tasks"][1]["id"] == first["id"]
    assert answer["tasks"][2] == answer["tasks"][3]


async def test_same_key_creates_one_task_however_many_ask_at_once(api: Api) -> None:
    bodies = await api.gather(CREATE, 20, input={"title": "Once", "idempotencyKey": "k"})
    answers = [body["data"]["createTask"] for body in bodies]
    assert len({answer["task"]["id"] for answer in answers}) == 1
    assert sum(answer["created"] for answer in answers) == 1


DIFFERENT = [
    {"title": "Other"},
    {"payload": {"a": 2}},
    {"payload": None},
    {"kind": "other"},
    {"queue": "other"},
    {"maxAttempts": 5},
    {"runAt": "2031-01-01T00:00:00.000001Z"},
]


@pytest.mark.parametrize("change", DIFFERENT, ids=str)
async def test_same_key_with_another_input_is_a_conflict(api: Api, change: dict[str, Any]) -> None:
    values: dict[str, Any] = {"title": "Once", "payload": {"a": 1}, "idempotencyKey": "k", "runAt": "2031-01-01T00:00Z"}
    first = await api.create(**values)
    error = await api.fail(CREATE, input=values | change)
    assert error["extensions"]["code"] == "CONFLICT"
    assert first["id"] in error["message"]


async def test_same_input_in_other_words_is_the_same(api: Api) -> None:
    one = await api.create("Once", payload={"a": 1, "b": 2}, idempotencyKey="k", runAt="2031-01-01T00:00:00Z")
    defaults = {"kind": "message", "queue": "default", "runAt": "2031-01-01T01:00:00+01:00"}
    other = await api.create(" Once ", payload={"b": 2, "a": 1}, idempotencyKey=" k ", **defaults)
    assert other["id"] == one["id"]
