"""What a kind's payload has as SecretStr is shown nowhere once a worker has said so, and reaches the handler whole."""

import json
from typing import Any, Final

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.cli import tables
from taskflow.client.client import Client
from taskflow.db import queries, workers
from taskflow.db.errors import StoreUnavailable
from taskflow.db.secrets import MASK
from taskflow.db.workers import Kind
from taskflow.graph.figures import kinds as kinds_module
from taskflow.graph.services import Services
from taskflow.infra.broker.memory import MemoryBroker
from taskflow.infra.errors import InvalidTask
from taskflow.infra.resources import Resources
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.serve import serving
from tests.graph.watch import watching

SECRET: Final = "s3cret-of-ours"
PAYLOAD: Final = {"user": "ana", "password": SECRET, "keys": [{"name": "a", "value": SECRET}], "none": None}
SHOWN: Final = {"user": "ana", "password": MASK, "keys": [{"name": "a", "value": MASK}], "none": None}
TASK: Final = "{ id payload maxAttempts }"
CREATE: Final = f"mutation ($input: CreateTaskInput!) {{ createTask(input: $input) {{ task {TASK} }} }}"
EVERYWHERE: Final = f"""
query ($id: ID!) {{ task(id: $id) {TASK} tasks {{ nodes {TASK} edges {{ node {TASK} }} }} }}
"""


@pytest.fixture(autouse=True)
async def _known(resources: Resources, services: Services) -> None:
    paths = frozenset({("password",), ("keys", None, "value"), ("none",)})
    await workers.note_kinds(resources.engine, [Kind("login", 7, paths, resources.clock.now())])
    await services.kinds.look()


@pytest.fixture
def asked() -> dict[str, Any]:
    return {"title": "Log in", "kind": "login", "payload": PAYLOAD}


async def test_no_answer_of_graphql_shows_a_secret(api: Api, services: Services, asked: dict[str, Any]) -> None:
    created = (await api.ask(CREATE, input=asked))["createTask"]["task"]
    assert created["payload"] == SHOWN
    found = await api.ask(EVERYWHERE, id=created["id"])
    assert found["task"] == found["tasks"]["nodes"][0] == found["tasks"]["edges"][0]["node"] == created
    many = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { payload } } }"
    assert (await api.ask(many, inputs=[asked]))["createTasks"]["tasks"] == [{"payload": SHOWN}]
    for mutation in ("cancelTask", "retryTask"):
        change = f'mutation {{ it: {mutation}(id: "{created["id"]}") {{ payload }} }}'
        assert (await api.ask(change))["it"] == {"payload": SHOWN}
    watched = f'subscription {{ taskStatus(taskId: "{created["id"]}") {{ task {{ payload }} }} }}'
    async with watching(services, watched) as watch:
        assert (await watch.data())["taskStatus"]["task"] == {"payload": SHOWN}


async def test_no_answer_of_rest_shows_a_secret(client: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    created = await client.post("/tasks", json=asked)
    assert created.json()["payload"] == SHOWN
    for path in (created.headers["location"], "/tasks", f"{created.headers['location']}/events"):
        assert SECRET not in (await client.get(path)).text


async def test_neither_a_client_nor_the_command_line_is_shown_a_secret(app: Any, asked: dict[str, Any]) -> None:
    async with serving(app) as host, Client(f"http://{host}") as tasks:
        handle = await tasks.submit("login", PAYLOAD)
        assert (await handle.task()).payload == SHOWN
        assert (await tables.get_task(tasks, handle.id))["payload"] == SHOWN
        with pytest.raises(InvalidTask, match=r"payload has [*]+, .* at payload\.password, payload\.keys"):
            await tasks.submit("login", SHOWN)


async def test_the_row_and_the_message_keep_a_secret_whole(
    api: Api, resources: Resources, asked: dict[str, Any]
) -> None:
    task_id = (await api.ask(CREATE, input=asked))["createTask"]["task"]["id"]
    assert (await queries.get(resources.engine, [task_id]))[task_id].payload == PAYLOAD
    broker = resources.broker
    assert isinstance(broker, MemoryBroker)

    async def is_published() -> bool:
        return await broker.depth("default") == 1

    await eventually(is_published)
    assert json.loads(broker._ready["default"][0])["payload"] == PAYLOAD


async def test_a_key_finds_its_task_by_the_secret_itself(api: Api, asked: dict[str, Any]) -> None:
    asked["idempotencyKey"] = "once"
    first, again = [(await api.ask(CREATE, input=asked))["createTask"]["task"] for _ in range(2)]
    assert first == again
    asked["payload"] = PAYLOAD | {"password": "another"}
    assert (await api.fail(CREATE, input=asked))["extensions"]["code"] == "CONFLICT"


async def test_what_is_shown_of_a_secret_is_not_taken_for_it(
    api: Api, client: httpx.AsyncClient, asked: dict[str, Any]
) -> None:
    asked["payload"] = SHOWN
    error = await api.fail(CREATE, input=asked)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [one["field"] for one in error["extensions"]["errors"]] == ["payload"]
    assert "payload.keys.0.value" in error["message"]
    assert (await client.post("/tasks", json=asked)).status_code == 422
    asked["kind"] = "another"
    assert (await api.ask(CREATE, input=asked))["createTask"]["task"]["payload"] == SHOWN


@pytest.mark.parametrize(
    "wrong", [{"title": None}, {"unknown": 1}, {"maxAttempts": "many"}, {"title": ""}, {"kind": "a b"}, {"runAt": "x"}]
)
@pytest.mark.parametrize("inline", [False, True])
async def test_no_error_quotes_a_payload(api: Api, wrong: dict[str, Any], inline: bool) -> None:
    given = {"title": "A task", "payload": {"password": SECRET}} | wrong
    if inline:
        fields = ", ".join(f"{name}: {json.dumps(value)}" for name, value in given.items() if name != "payload")
        body = await api.post(
            f'mutation {{ createTask(input: {{ {fields}, payload: {{ password: "{SECRET}" }} }}) {{ created }} }}', {}
        )
    else:
        body = await api.post(CREATE, {"input": {name: one for name, one in given.items() if one is not None}})
    assert body["errors"]
    assert SECRET not in json.dumps(body)


async def test_the_number_of_attempts_is_the_kinds_own(
    api: Api, client: httpx.AsyncClient, asked: dict[str, Any]
) -> None:
    created = (await api.ask(CREATE, input=asked))["createTask"]["task"]
    assert created["maxAttempts"] == 7
    assert (await client.get(f"/tasks/{created['id']}")).json()["max_attempts"] == 7
    assert (await api.create(kind="login", maxAttempts=2))["maxAttempts"] == 2
    assert (await api.create(kind="unheard-of"))["maxAttempts"] == 3


async def test_what_a_worker_says_is_known_within_a_second(api: Api, resources: Resources) -> None:
    assert kinds_module.LOOK_EVERY.total_seconds() < 1
    task_id = (await api.create(kind="later", payload={"token": SECRET}))["id"]
    kind = Kind("later", 9, frozenset({("token",)}), resources.clock.now())
    await workers.note_kinds(resources.engine, [kind])

    async def is_known() -> bool:
        return bool((await api.ask(EVERYWHERE, id=task_id))["task"]["payload"] == {"token": MASK})

    await eventually(is_known, within=2)


async def test_nothing_is_shown_before_it_is_known_what_is_secret(
    api: Api, services: Services, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = (await api.ask(CREATE, input=asked))["createTask"]["task"]["id"]

    async def away(engine: AsyncEngine) -> list[Kind]:
        raise StoreUnavailable

    monkeypatch.setattr(kinds_module, "known_kinds", away)
    services.kinds._known = None
    assert (await api.fail(EVERYWHERE, id=task_id))["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert (await api.fail(CREATE, input=asked))["extensions"]["code"] == "SERVICE_UNAVAILABLE"
