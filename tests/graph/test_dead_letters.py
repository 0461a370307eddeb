"""Dead letters over the API: listed by key, sent again as they came, discarded; and each change in the audit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.db import letters
from taskflow.db.operating import dead_letters
from taskflow.infra.broker import Message
from taskflow.infra.broker.memory import MemoryBroker
from taskflow.infra.resources import Resources
from tests.contracts.messages import take
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.store.databases import writing

LIST = """query ($first: Int, $after: String) { deadLetters(first: $first, after: $after) { totalCount
  nodes { id reason body queue taskId at isCut } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
REPLAY = "mutation ($id: ID!) { replayDeadLetter(id: $id) { id status } }"
DISCARD = "mutation ($id: ID!) { discardDeadLetter(id: $id) }"
AUDIT = "{ audit { nodes { actor action subject detail } } }"
KEPT = 200
NOBODY = "01234567-89ab-cdef-0123-456789abcdef"


async def keep(
    resources: Resources, body: bytes = b"rubbish", *, queue: str = "mail", task_id: str | None = None
) -> str:
    """Its id."""
    engine, now = resources.engine, datetime.now(UTC)
    await letters.keep(engine, body, most=KEPT, reason="a reason", queue=queue, task_id=task_id, now=now)
    return str((await letters.page(engine, before=None, limit=1))[0].id)


async def listed(api: Api) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await api.ask(LIST))["deadLetters"]["nodes"]
    return nodes


async def test_they_are_listed_newest_first_page_by_page(api: Api, resources: Resources) -> None:
    ids = [await keep(resources, str(number).encode()) for number in range(5)][::-1]
    found, after = [], None
    for has_next in (True, True, False):
        page = (await api.ask(LIST, first=2, after=after))["deadLetters"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasNextPage"] is has_next
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert found == ids


async def test_a_body_that_is_not_utf8_has_replacement_characters(api: Api, resources: Resources) -> None:
    await keep(resources, b"\xffgr\xc3\xbc\xc3\x9fe\x00")
    (node,) = await listed(api)
    assert (node["body"], node["reason"], node["queue"], node["taskId"]) == ("�grüße\x00", "a reason", "mail", None)


@pytest.mark.parametrize("after", ["", "!", "bnVsbA", "é", "YXVkaXQ6MQ", "ZGVhZExldHRlcnM6eA"])
async def test_a_cursor_of_another_list_is_refused(api: Api, after: str) -> None:
    error = await api.fail(LIST, after=after)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "after takes a cursor that this list gave out"


@pytest.mark.parametrize("first", [0, -1, 201])
async def test_a_page_has_1_to_200(api: Api, first: int) -> None:
    assert (await api.fail(LIST, first=first))["message"] == "first takes a number from 1 to 200"


async def test_replayed_it_goes_to_its_queue_as_it_came_and_off_the_list(api: Api, resources: Resources) -> None:
    letter_id = await keep(resources, b"\xff\x00rubbish")
    async with resources.broker.consume(["mail"], prefetch=1) as consumer:
        assert (await api.ask(REPLAY, id=letter_id))["replayDeadLetter"] is None
        (delivery,) = await take(consumer, 1)
    assert delivery.body == b"\xff\x00rubbish"
    assert await listed(api) == []


@pytest.mark.usefixtures("worker")
async def test_replayed_its_task_runs_where_there_is_one_by_now(api: Api, resources: Resources) -> None:
    async with writing(resources.engine) as connection:
        values = {"id": NOBODY, "title": "Late", "payload": '{"message": "hello"}'}
        statement = "INSERT INTO tasks (id, title, payload, status) VALUES (:id, :title, :payload, 'PENDING')"
        await connection.execute(sa.text(statement), values)
    body = f'{{"task_id": "{NOBODY}", "payload": null, "requested_at": "2026-01-31T12:00:00Z"}}'.encode()
    letter_id = await keep(resources, body, queue="default", task_id=NOBODY)
    assert (await api.ask(REPLAY, id=letter_id))["replayDeadLetter"]["id"] == NOBODY

    async def is_done() -> bool:
        return bool(
            (await api.ask("query ($id: ID!) { task(id: $id) { status } }", id=NOBODY))["task"]["status"] == "DONE"
        )

    await eventually(is_done)


@pytest.mark.usefixtures("worker")
async def test_failing_again_it_is_a_new_dead_letter(api: Api, resources: Resources) -> None:
    letter_id = await keep(resources, queue="default")
    await api.ask(REPLAY, id=letter_id)

    async def is_new() -> bool:
        return [node["id"] for node in await listed(api)] not in ([], [letter_id])

    await eventually(is_new)
    (node,) = await listed(api)
    assert (node["reason"], node["body"]) == ("not a task message", "rubbish")


async def test_it_stays_on_the_list_until_the_broker_has_confirmed(
    api: Api, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(messages: Sequence[Message]) -> list[bool]:
        return [False] * len(messages)

    letter_id = await keep(resources)
    assert isinstance(resources.broker, MemoryBroker)
    monkeypatch.setattr(resources.broker, "publish", refuse)
    error = await api.fail(REPLAY, id=letter_id)
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert [node["id"] for node in await listed(api)] == [letter_id]
    assert (await api.ask(AUDIT))["audit"]["nodes"] == []


async def test_one_that_somebody_takes_off_while_it_is_sent_is_recorded_as_sent_too(
    api: Api, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = await keep(resources)
    publish = resources.broker.publish

    async def slowly(messages: Sequence[Message]) -> Sequence[bool]:
        await api.ask(DISCARD, id=letter_id)
        return await publish(messages)

    monkeypatch.setattr(resources.broker, "publish", slowly)
    assert (await api.ask(REPLAY, id=letter_id))["replayDeadLetter"] is None
    newest, oldest = (await api.ask(AUDIT))["audit"]["nodes"]
    assert [oldest["action"], newest["action"]] == ["discardDeadLetter", "replayDeadLetter"]


async def test_one_that_was_not_kept_whole_is_not_sent(api: Api, resources: Resources) -> None:
    letter_id = await keep(resources, b"x" * (KEPT + 1))
    error = await api.fail(REPLAY, id=letter_id)
    assert error["extensions"]["code"] == "CONFLICT"
    assert f"{KEPT + 1} bytes, of which {KEPT} are kept" in error["message"]
    assert [node["isCut"] for node in await listed(api)] == [True]


async def test_discarded_it_is_gone(api: Api, resources: Resources) -> None:
    first, second = await keep(resources), await keep(resources)
    assert (await api.ask(DISCARD, id=first))["discardDeadLetter"] == first
    assert [node["id"] for node in await listed(api)] == [second]


@pytest.mark.parametrize("document", [REPLAY, DISCARD])
@pytest.mark.parametrize("id_", ["1", "", "x", "-1", "²", "9" * 30, "1.0", "\x00"])
async def test_one_that_is_not_there_is_not_found(api: Api, document: str, id_: str) -> None:
    assert (await api.fail(document, id=id_))["extensions"]["code"] == "NOT_FOUND"


async def test_who_did_it_is_recorded_without_the_body(api: Api, resources: Resources) -> None:
    replayed, discarded = await keep(resources, b"a secret", task_id=NOBODY), await keep(resources, b"a secret")
    await api.ask(REPLAY, id=replayed)
    await api.ask(DISCARD, id=discarded)
    newest, oldest = (await api.ask(AUDIT))["audit"]["nodes"]
    detail = {"queue": "mail", "taskId": NOBODY}
    assert oldest == {"actor": None, "action": "replayDeadLetter", "subject": replayed, "detail": detail}
    assert newest == {"actor": None, "action": "discardDeadLetter", "subject": discarded, "detail": None}


async def test_a_row_that_another_program_wrote_is_shown(api: Api, resources: Resources) -> None:
    async with writing(resources.engine) as connection:
        values = {"reason": "", "body": b"", "size": 0, "queue": None, "task_id": None, "at": datetime.now(UTC)}
        await connection.execute(dead_letters.insert().values(values))
    (node,) = await listed(api)
    assert (node["reason"], node["queue"]) == ("", None)
