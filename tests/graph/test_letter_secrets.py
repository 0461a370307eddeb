"""What a dead letter shows of a payload's secrets: nothing, to anybody; and to viewers nothing that can't be read."""

import json
from typing import Any, Final

import pytest

from taskflow.db import workers
from taskflow.db.errors import StoreUnavailable
from taskflow.db.secrets import MASK
from taskflow.db.workers import Kind
from taskflow.graph.execution.access import Role, Viewer
from taskflow.graph.figures import kinds as kinds_module
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from taskflow.infra.resources import Resources
from taskflow.infra.wire import encode_json
from tests.graph.test_dead_letters import NOBODY, keep

SECRET: Final = "s3cret-of-ours"
PAYLOAD: Final = {"a": 1, "password": SECRET, "keys": [{"value": SECRET}]}
SHOWN: Final = {"a": 1, "password": MASK, "keys": [{"value": MASK}]}
BODIES: Final = """{ deadLetters { nodes { body } edges { node { body } } } }"""
FOREIGN: Final = [
    b"rubbish with a s3cret-of-ours",
    b'{"task_id": 5, "payload": {"pin": "s3cret-of-ours"}}',
    b'{"payload": {"pin": "s3cret-of-ours"}}',
    b'{"task_id": "a", "payload": "s3cret-of-ours"}',
    b'{"task_id": "a", "payload": null, "more": "s3cret-of-ours"}',
    b'{"task_id": "a", "payload": {"user": "s3cret-of-ours"',
    b'["s3cret-of-ours"]',
    b'"s3cret-of-ours"',
    '{"task_id": "a", "payload": {"user": "s3cret-of-ours"}}'.encode("utf-16"),
]


@pytest.fixture(autouse=True)
async def _known(resources: Resources, services: Services) -> None:
    now = resources.clock.now()
    login = Kind("login", 7, frozenset({("password",)}), now)
    keys = Kind("keys", 7, frozenset({("keys", None, "value")}), now)
    await workers.note_kinds(resources.engine, [login, keys])
    await services.kinds.look()


def message(payload: Any, **more: Any) -> bytes:
    return json.dumps({"task_id": NOBODY, "payload": payload, "requested_at": "2026-01-31"} | more).encode()


async def shown(services: Services, role: Role) -> str:
    """The body of the only one."""
    result = await schema.execute(BODIES, context_value=Operation(services, Viewer("somebody", role)))
    letters = json.loads(encode_json(result.body))["data"]["deadLetters"]  # type: ignore[union-attr]
    ((node,), (edge,)) = letters["nodes"], letters["edges"]
    assert node == edge["node"]
    body: str = node["body"]
    return body


@pytest.mark.parametrize("role", Role)
async def test_what_any_kind_holds_secret_is_shown_to_nobody(
    services: Services, resources: Resources, role: Role
) -> None:
    await keep(resources, message(PAYLOAD), task_id=NOBODY)
    assert json.loads(await shown(services, role)) == json.loads(message(SHOWN))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("payload", [None, {}, {"user": "ana", "password": None}, {"a": [1, {"keys": "b"}]}])
async def test_a_message_without_a_secret_is_shown_as_it_came(
    services: Services, resources: Resources, role: Role, payload: Any
) -> None:
    body = message(payload)
    await keep(resources, body, task_id=NOBODY)
    text = await shown(services, role)
    assert text == body.decode() if role > Role.VIEWER else json.loads(text) == json.loads(body)


async def test_a_field_that_stands_twice_hides_nothing_from_the_mask(services: Services, resources: Resources) -> None:
    twice = message({"password": SECRET})[:-1] + b', "payload": {"a": 1}}'
    await keep(resources, twice)
    assert SECRET not in await shown(services, Role.VIEWER)


@pytest.mark.parametrize("body", FOREIGN)
async def test_what_can_not_be_read_is_shown_to_who_may_replay_it(
    services: Services, resources: Resources, body: bytes
) -> None:
    await keep(resources, body)
    assert await shown(services, Role.VIEWER) == MASK
    assert await shown(services, Role.OPERATOR) == body.decode(errors="replace")


async def test_a_message_with_more_than_is_documented_has_its_payload_masked_too(
    services: Services, resources: Resources
) -> None:
    await keep(resources, message(PAYLOAD, more=1), task_id=NOBODY)
    assert json.loads(await shown(services, Role.ADMIN)) == json.loads(message(SHOWN, more=1))
    assert await shown(services, Role.VIEWER) == MASK


async def test_what_was_kept_in_part_is_not_shown_to_a_viewer(services: Services, resources: Resources) -> None:
    await keep(resources, message(PAYLOAD | {"filling": "x" * 200}), task_id=NOBODY)
    assert await shown(services, Role.VIEWER) == MASK


async def test_an_empty_one_is_shown_as_such(services: Services, resources: Resources) -> None:
    await keep(resources, b"")
    assert await shown(services, Role.VIEWER) == ""


async def test_none_is_shown_before_it_is_known_what_is_secret(
    services: Services, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(engine: object) -> list[Kind]:
        raise StoreUnavailable

    await keep(resources, message(PAYLOAD), task_id=NOBODY)
    monkeypatch.setattr(kinds_module, "known_kinds", away)
    services.kinds._known = None
    result = await schema.execute(BODIES, context_value=Operation(services, Viewer("somebody", Role.ADMIN)))
    assert result.errors
    assert isinstance(result.errors[0].original_error, StoreUnavailable)
