"""A caller's mutations beyond its limit are refused, by whichever door they come; nothing that only reads is."""

from typing import Any

import httpx
import pytest

from taskflow.graph.services import Services
from taskflow.infra.settings import Settings
from taskflow.infra.tokens import parse_tokens
from tests.graph.api import Api
from tests.graph.client import connected
from tests.graph.serve import app_of, serving

CREATE = 'mutation { createTask(input: {title: "A"}) { created } }'
TOKENS = {name: f"{name}-0123456789abcdef" for name in ("ada", "bob")}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"api_rate_limit": 1})


async def refused(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    """The first that is: on a slow machine a second may pass between two."""
    for _ in range(100):
        response = await client.post(path, json=body)
        if response.status_code == 429:
            assert response.headers["retry-after"] == "1"
            return response
        assert response.status_code in {200, 201}
    raise AssertionError("none was refused")


async def test_creates_over_rest(client: httpx.AsyncClient) -> None:
    body = (await refused(client, "/tasks", {"title": "A"})).json()
    assert (body["status"], body["code"]) == (429, "RATE_LIMITED")
    assert (await client.get("/tasks")).status_code == 200


@pytest.mark.parametrize(
    "query", [CREATE, "mutation { ...M } fragment M on Mutation { ... { cancelTask(id: 1) { id } } }"]
)
async def test_mutations_over_graphql(client: httpx.AsyncClient, api: Api, query: str) -> None:
    body = (await refused(client, "/graphql", {"query": query})).json()
    assert [error["extensions"]["code"] for error in body["errors"]] == ["RATE_LIMITED"]
    assert "data" not in body
    await api.ask("{ stats { total } }")


async def test_fields_of_one_mutation_count_each(client: httpx.AsyncClient, services: Services) -> None:
    counted: list[tuple[str, int]] = []

    async def take(caller: str, count: int = 1) -> None:
        counted.append((caller, count))

    services.rate.take = take  # type: ignore[method-assign]
    query = "mutation { a: cancelTask(id: 1) { id } ...M } fragment M on Mutation { b: retryTask(id: 1) { id } }"
    await client.post("/graphql", json={"query": query})
    await client.post("/tasks", json={"title": "A"})
    assert counted == [("address:127.0.0.1", 2), ("address:127.0.0.1", 1)]


async def test_mutations_over_a_socket(services: Services) -> None:
    async with serving(app_of(services)) as host, connected(f"ws://{host}/graphql") as client:
        for number in range(100):
            await client.subscribe(str(number), CREATE)
            answer = await client.next()
            if answer["type"] == "error":
                assert [error["extensions"]["code"] for error in answer["payload"]] == ["RATE_LIMITED"]
                return
            assert (await client.next())["type"] == "complete"
    raise AssertionError("none was refused")


async def test_each_token_has_its_own_limit(client: httpx.AsyncClient, services: Services) -> None:
    text = " ".join(f"{name}:operator:{secret}" for name, secret in TOKENS.items())
    services.tokens.are_wanted = services.tokens.replace(parse_tokens(text))
    client.headers["authorization"] = f"Bearer {TOKENS['ada']}"
    await refused(client, "/tasks", {"title": "A"})
    client.headers["authorization"] = f"Bearer {TOKENS['bob']}"
    assert (await client.post("/tasks", json={"title": "A"})).status_code == 201
