"""A client shows its token at every door; where that will not do, whoever asks is told, and so is whoever waits."""

import asyncio
import json

import pytest

from taskflow import Client, SyncClient
from taskflow.errors import Unauthorized
from taskflow.graph.services import Services
from taskflow.infra.settings import Settings
from taskflow.infra.tokens import parse_tokens
from tests.client.handlers import Order, order
from tests.integration.program import run

SECRETS = {role: f"{role}-0123456789abcdef" for role in ("viewer", "operator")}
MISSING = r"missing or unknown\. Give Client\(token=…\) or TASKFLOW_TOKEN"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    text = " ".join(f"{role}:{role}:{secret}" for role, secret in SECRETS.items())
    return settings.model_copy(update={"api_tokens": parse_tokens(text)})


@pytest.mark.parametrize("token", ["", "wrong-0123456789"])
async def test_who_is_unknown_is_told_so_by_every_call(url: str, token: str) -> None:
    async with Client(url, token=token) as tasks:
        for call in (tasks.submit("order", {"sku": "A"}), tasks.get("x"), tasks.handle("x").result(timeout=20)):
            with pytest.raises(Unauthorized, match=MISSING):
                await call
        with pytest.raises(Unauthorized, match=MISSING):
            async for _ in tasks.events():
                pass


@pytest.mark.usefixtures("worker")
async def test_an_operator_submits_and_a_viewer_watches(url: str) -> None:
    async with Client(url, token=SECRETS["operator"]) as tasks, Client(url, token=SECRETS["viewer"]) as watching:
        handle = await tasks.submit(order, Order(sku="A-1"))
        assert (await watching.handle(handle.id, order).result(timeout=20)).sku == "A-1"
        with pytest.raises(Unauthorized, match="This takes the role operator; yours is viewer"):
            await watching.submit(order, Order(sku="A-2"))
        with pytest.raises(Unauthorized, match="This takes the role operator"):
            await watching.handle(handle.id).retry()


async def test_who_waits_is_told_that_the_token_was_withdrawn(url: str, services: Services) -> None:
    async with Client(url, token=SECRETS["operator"]) as tasks:
        handle = await tasks.submit(order, Order(sku="A-1"))
        events = handle.events()
        assert (await anext(events)).status == "PENDING"
        waiting = asyncio.create_task(handle.result(timeout=30))
        services.tokens.replace(parse_tokens(f"viewer:viewer:{SECRETS['viewer']}"))
        with pytest.raises(Unauthorized):
            await waiting
        with pytest.raises(Unauthorized):
            await anext(events)


async def test_the_environment_has_the_token_of_programs_and_commands(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_TOKEN", f" {SECRETS['operator']}\n")

    def submit() -> str:
        with SyncClient(url) as tasks:
            return tasks.submit("order", {"sku": "A"}, title="Of a script").id

    task_id = await asyncio.to_thread(submit)
    code, out, _ = await run({"TASKFLOW_URL": url, "TASKFLOW_TOKEN": SECRETS["viewer"]}, "list", "--json")
    assert (code, [task["task_id"] for task in json.loads(out)]) == (0, [task_id])
    for token, says in ((SECRETS["viewer"], "This takes the role operator"), ("", "missing or unknown")):
        code, _, error = await run({"TASKFLOW_URL": url, "TASKFLOW_TOKEN": token}, "cancel", task_id)
        assert code == 1
        assert error.startswith("taskflow: ")
        assert says in error
