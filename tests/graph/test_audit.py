"""The audit: an entry for each mutation that changed something, none for one that did not, for admins alone."""

from typing import Any

import pytest

from taskflow.db import audit
from taskflow.db.errors import StoreUnavailable
from taskflow.db.lifecycle import TaskStatus
from taskflow.graph.execution.access import Forbidden, Role, Viewer
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from taskflow.infra.resources import Resources
from tests.graph.api import Api
from tests.graph.test_cancel_and_retry import set_status
from tests.graph.test_dead_letters import keep

LIST = """query ($first: Int, $after: String) { audit(first: $first, after: $after) { edges { cursor }
  nodes { id at actor action subject detail } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
CANCEL = "mutation ($id: ID!) { cancelTask(id: $id) { version } }"
RETRY = "mutation ($id: ID!) { retryTask(id: $id) { version } }"


async def acts(api: Api) -> list[tuple[str, str]]:
    """Oldest first."""
    return [(node["action"], node["subject"]) for node in (await api.ask(LIST))["audit"]["nodes"]][::-1]


async def test_who_cancelled_and_who_retried_is_recorded(services: Services, api: Api) -> None:
    task_id = (await api.create())["id"]
    somebody = Operation(services, Viewer("ops", Role.OPERATOR))
    for document in (CANCEL, RETRY):
        result = await schema.execute(document, {"id": task_id}, context_value=somebody)
        assert not result.errors
    newest, oldest = (await api.ask(LIST))["audit"]["nodes"]
    assert (oldest["actor"], oldest["action"], oldest["subject"]) == ("ops", "cancelTask", task_id)
    assert (newest["actor"], newest["action"], newest["subject"]) == ("ops", "retryTask", task_id)


async def test_each_entry_says_whose_token_it_was(services: Services, api: Api, resources: Resources) -> None:
    task_id, sent, discarded = (await api.create())["id"], await keep(resources), await keep(resources)
    done = {
        "cancelTask": f'(id: "{task_id}") {{ id }}',
        "deleteTask": f'(id: "{task_id}")',
        "pauseQueue": '(name: "mail") { name }',
        "resumeQueue": '(name: "mail") { name }',
        "replayDeadLetter": f'(id: "{sent}") {{ id }}',
        "discardDeadLetter": f'(id: "{discarded}")',
    }
    somebody = Operation(services, Viewer("ops", Role.ADMIN))
    for action, rest in done.items():
        result = await schema.execute(f"mutation {{ {action}{rest} }}", context_value=somebody)
        assert not result.errors
    entries = (await api.ask(LIST))["audit"]["nodes"][::-1]
    assert [(entry["action"], entry["actor"]) for entry in entries] == [(action, "ops") for action in done]


async def test_what_changed_nothing_is_not_recorded(api: Api) -> None:
    task_id = (await api.create())["id"]
    await api.fail(RETRY, id=task_id)
    await api.fail(CANCEL, id="nobody's")
    assert await acts(api) == []
    await api.ask(CANCEL, id=task_id)
    await api.fail(CANCEL, id=task_id)
    assert await acts(api) == [("cancelTask", task_id)]


async def test_asking_twice_is_recorded_once(api: Api, resources: Resources) -> None:
    task_id = (await api.create())["id"]
    await set_status(resources, task_id, TaskStatus.PROCESSING)
    for _ in range(2):
        await api.ask(CANCEL, id=task_id)
    assert await acts(api) == [("cancelTask", task_id)]


async def test_the_pauses_of_a_queue_are_recorded_once_for_each_change(api: Api) -> None:
    pause = 'mutation ($reason: String) { pauseQueue(name: "mail", reason: $reason) { name } }'
    resume = 'mutation { resumeQueue(name: "mail") { name } }'
    for reason in ("away", "away", "still away"):
        await api.ask(pause, reason=reason)
    for _ in range(2):
        await api.ask(resume)
    assert await acts(api) == [("pauseQueue", "mail"), ("pauseQueue", "mail"), ("resumeQueue", "mail")]


async def test_what_can_not_be_recorded_is_not_done(
    api: Api, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: Any, **options: Any) -> None:
        raise StoreUnavailable

    task_id = (await api.create())["id"]
    monkeypatch.setattr(audit, "write", away)
    await api.fail(CANCEL, id=task_id)
    assert (await api.ask("query ($id: ID!) { task(id: $id) { status version } }", id=task_id))["task"] == {
        "status": "PENDING",
        "version": 1,
    }


async def test_it_is_read_newest_first_page_by_page(api: Api) -> None:
    ids = await api.create_all(*({"title": str(number)} for number in range(3)))
    for one in ids:
        await api.ask(CANCEL, id=one)
    first = (await api.ask(LIST, first=2))["audit"]
    assert [node["subject"] for node in first["nodes"]] == [ids[2], ids[1]]
    assert first["pageInfo"]["hasNextPage"]
    second = (await api.ask(LIST, first=2, after=first["pageInfo"]["endCursor"]))["audit"]
    assert [node["subject"] for node in second["nodes"]] == [ids[0]]
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (False, True)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_it_needs_the_role_admin(services: Services, role: Role) -> None:
    result = await schema.execute(LIST, context_value=Operation(services, Viewer("somebody", role)))
    assert result.errors
    assert isinstance(result.errors[0].original_error, Forbidden)
