"""Which values a new task takes, and which field an error names for those that it refuses."""

import json
from typing import Any

import pytest

from tests.graph.api import COUNT, CREATE, Api


def nested(levels: int) -> Any:
    """An object of so many levels."""
    return json.loads('{"a":' * levels + "1" + "}" * levels)


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
