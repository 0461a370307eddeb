"""The real API as a test asks it: GraphQL in a line, the answer or the errors."""

import asyncio
from typing import Any

import httpx

CREATE = """
mutation ($input: CreateTaskInput!) {
  createTask(input: $input) { created task { id title kind queue payload status attempt maxAttempts version runAt
    message result error { type } progress idempotencyKey createdAt updatedAt startedAt finishedAt durationMs } }
}
"""
CREATE_MANY = """
mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount tasks { id title } } }
"""
MANY = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
COUNT = "{ tasks { totalCount } }"


class Api:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        response = await self.client.post("/graphql", json={"query": query, "variables": variables})
        body: dict[str, Any] = response.json()
        return body

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        body = await self.post(query, variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def fail(self, query: str, **variables: Any) -> dict[str, Any]:
        """The one error of an operation that must not."""
        body = await self.post(query, variables)
        [error] = body["errors"]
        assert isinstance(error, dict)
        return error

    async def create(self, title: str = "A task", **values: Any) -> dict[str, Any]:
        """The task as createTask shows it."""
        task: dict[str, Any] = (await self.ask(CREATE, input={"title": title, **values}))["createTask"]["task"]
        return task

    async def create_all(self, *inputs: dict[str, Any]) -> list[str]:
        """Their ids, each created in turn."""
        return [(await self.create(**one))["id"] for one in inputs]

    async def gather(self, query: str, times: int, **variables: Any) -> list[dict[str, Any]]:
        """The same operation, many at once."""
        return await asyncio.gather(*(self.post(query, variables) for _ in range(times)))
