"""Mutations: what is created, once, all or none; what is refused, and which field is to blame."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.infra.resources import Resources
from tests.graph.api import CREATE, Api

CREATE_MANY = """
mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount tasks { id title } } }
"""
COUNT = "{ tasks { totalCount } }"


def nested(levels: int) -> Any:
    """An object of so many levels."""
    return json.loads('{"a":' * levels + "1" + "}" * levels)


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


@pytest.mark.parametrize("title", ["a" * 255, "  " + "🏊" * 255 + "\n", "a\u00a0b", "\u200d"], ids=len)
async def test_any_title_of_1_to_255_characters_is_taken(api: Api, title: str) -> None:
    assert (await api.create(title))["title"] == title.strip()


BAD = {
    "title empty": ({"title": ""}, "title"),
    "title of blanks": ({"title": " \n\t"}, "title"),
    "title of 256 characters": ({"title": "a" * 256}, "title"),
    "title with NUL": ({"title": "a\x00b"}, "title"),
    "title with an escape": ({"title": "\x1b[31mred"}, "title"),
    "payload a number": ({"payload": 5}, "payload"),
    "payload a string": ({"payload": "{}"}, "payload"),
    "payload an array": ({"payload": []}, "payload"),
    "payload a boolean": ({"payload": False}, "payload"),
    "payload too large": ({"payload": {"a": "x" * 262_144}}, "payload"),
    "payload of 33 levels": ({"payload": nested(33)}, "payload"),
    "payload of 100 levels": ({"payload": nested(100)}, "payload"),
    "payload of 190 levels": ({"payload": nested(190)}, "payload"),
    "payload with an integer of 65 bits": ({"payload": {"a": 2**64}}, "payload"),
    "payload with a negative one": ({"payload": {"a": [-(2**63) - 1]}}, "payload"),
    "payload with one of 4,000 digits": ({"payload": {"a": 10**4000}}, "payload"),
    "kind with a space": ({"kind": "a b"}, "kind"),
    "kind empty": ({"kind": ""}, "kind"),
    "kind too long": ({"kind": "k" * 101}, "kind"),
    "queue with a slash": ({"queue": "a/b"}, "queue"),
    "no attempt": ({"maxAttempts": 0}, "maxAttempts"),
    "101 attempts": ({"maxAttempts": 101}, "maxAttempts"),
    "key empty": ({"idempotencyKey": ""}, "idempotencyKey"),
    "key of 129 characters": ({"idempotencyKey": "k" * 129}, "idempotencyKey"),
}


@pytest.mark.parametrize(("values", "field"), BAD.values(), ids=BAD)
async def test_bad_value_is_refused_with_its_field(api: Api, values: dict[str, Any], field: str) -> None:
    error = await api.fail(CREATE, input={"title": "A task", **values})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [one["field"] for one in error["extensions"]["errors"]] == [field]
    assert error["message"].startswith(f"{field} takes ") or field == "payload"
    assert (await api.ask(COUNT))["tasks"]["totalCount"] == 0


MISTYPED = {
    "title missing": ({"title": None}, "title"),
    "title a number": ({"title": 5}, "title"),
    "attempts a word": ({"maxAttempts": "3"}, "maxAttempts"),
    "attempts beyond 32 bits": ({"maxAttempts": 2**31}, "maxAttempts"),
    "date without a zone": ({"runAt": "2031-01-31T09:30:00"}, "runAt"),
    "date alone": ({"runAt": "2031-01-31"}, "runAt"),
    "no date": ({"runAt": "tomorrow"}, "runAt"),
    "date a number": ({"runAt": 1_900_000_000}, "runAt"),
    "date before the calendar": ({"runAt": "0001-01-01T00:00:00+14:00"}, "runAt"),
    "date after the calendar": ({"runAt": "9999-12-31T23:59:59-14:00"}, "runAt"),
    "date that MySQL has not": ({"runAt": "0999-12-31T00:00:00Z"}, "runAt"),
    "unknown field": ({"priority": 1}, "priority"),
}


@pytest.mark.parametrize(("values", "field"), MISTYPED.values(), ids=MISTYPED)
async def test_value_of_a_wrong_type_is_refused_with_its_field(api: Api, values: dict[str, Any], field: str) -> None:
    error = await api.fail(CREATE, input={"title": "A task", **values})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert field in error["message"]


LITERALS = {
    "an infinity": "{a: 1e999}",
    "many digits": "{a: " + "9" * 5000 + "}",
    "levels": "{a: " * 100 + "1" + "}" * 100,
    "a lone surrogate": r'{a: "\ud800"}',
}


@pytest.mark.parametrize("literal", LITERALS.values(), ids=LITERALS)
async def test_payload_written_into_the_document_is_held_to_the_same(api: Api, literal: str) -> None:
    error = await api.fail(f'mutation {{ createTask(input: {{title: "A", payload: {literal}}}) {{ created }} }}')
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_payload_written_into_the_document_is_stored_as_it_is(api: Api) -> None:
    document = """mutation ($n: JSON) {
      createTask(input: {title: "A", payload: {n: $n, i: -7, f: 1.5, s: "x", l: [true, null], o: {}}}) {
        task { payload } } }"""
    answer = await api.ask(document, n={"deep": [1]})
    payload = {"n": {"deep": [1]}, "i": -7, "f": 1.5, "s": "x", "l": [True, None], "o": {}}
    assert answer["createTask"]["task"]["payload"] == payload


async def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    error = await api.fail(CREATE, input={"title": "", "payload": 5, "maxAttempts": 0, "kind": "?"})
    assert {one["field"] for one in error["extensions"]["errors"]} == {"title", "payload", "maxAttempts", "kind"}


async def test_largest_payload_passes(api: Api) -> None:
    payload = {
        "a": "x" * (262_144 - len('{"a":""}')),
    }
    assert (await api.create(payload=payload))["payload"] == payload
    assert (await api.create(payload=nested(32)))["payload"] == nested(32)


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


async def set_status(resources: Resources, task_id: str, status: TaskStatus) -> None:
    async with resources.engine.begin() as connection:
        await connection.execute(tasks.update().where(tasks.c.id == task_id).values(status=status, max_attempts=3))


MOVES = {
    ("cancelTask", "PENDING"): ("CANCELLED", "Cancelled"),
    ("cancelTask", "PROCESSING"): ("PROCESSING", "Cancellation requested"),
    ("retryTask", "FAILED"): ("PENDING", "Retry requested"),
    ("retryTask", "CANCELLED"): ("PENDING", "Retry requested"),
}


@pytest.mark.parametrize("status", TaskStatus)
@pytest.mark.parametrize("mutation", ["cancelTask", "retryTask"])
async def test_cancel_and_retry_do_it_or_say_why_not(
    api: Api, resources: Resources, mutation: str, status: TaskStatus
) -> None:
    task_id = (await api.create())["id"]
    await set_status(resources, task_id, status)
    document = f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ status message version }} }}"
    if move := MOVES.get((mutation, status)):
        answer = (await api.ask(document, id=task_id))[mutation]
        assert answer == {"status": move[0], "message": move[1], "version": 2}
    else:
        error = await api.fail(document, id=task_id)
        assert error["extensions"]["code"] == "CONFLICT"
        assert f"Task {task_id} is {status}: only one that is" in error["message"]


@pytest.mark.parametrize("mutation", ["cancelTask", "retryTask"])
@pytest.mark.parametrize("task_id", ["", "nothing", "\x00", "é" * 1000], ids=len)
async def test_task_that_is_not_there_is_not_found(api: Api, mutation: str, task_id: str) -> None:
    error = await api.fail(f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ id }} }}", id=task_id)
    assert (error["extensions"]["code"], error["path"]) == ("NOT_FOUND", [mutation])


async def test_cancelling_twice_says_the_same_and_records_once(api: Api, resources: Resources) -> None:
    task_id = (await api.create())["id"]
    await set_status(resources, task_id, TaskStatus.PROCESSING)
    document = "mutation ($id: ID!) { cancelTask(id: $id) { status message version events { version } } }"
    first, second = [(await api.ask(document, id=task_id))["cancelTask"] for _ in range(2)]
    assert first == second
    assert len(first["events"]) == 2


async def test_strangers_row_is_recorded_as_found_when_it_is_cancelled(api: Api, resources: Resources) -> None:
    async with resources.engine.begin() as connection:
        await connection.execute(sa.text("INSERT INTO tasks (id, title, status) VALUES ('s', 'Theirs', 'PENDING')"))
    document = 'mutation { cancelTask(id: "s") { version events { version status } } }'
    events = [{"version": 1, "status": "PENDING"}, {"version": 2, "status": "CANCELLED"}]
    assert (await api.ask(document))["cancelTask"] == {"version": 2, "events": events}
