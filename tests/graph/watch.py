"""Subscriptions to task events, answer by answer, and changes to watch."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from taskflow.graph.execution.access import EVERYBODY
from taskflow.graph.execution.results import Outcome, Result
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from tests.contracts.waiting import eventually
from tests.graph.api import Api

WATCH = """
subscription ($taskId: ID, $filter: TaskFilter, $after: ID) {
  taskStatus(taskId: $taskId, filter: $filter, after: $after) {
    id taskId status message attempt progress version updatedAt } }
"""
CANCEL = "mutation ($id: ID!) { cancelTask(id: $id) { version } }"
RETRY = "mutation ($id: ID!) { retryTask(id: $id) { version } }"


class Watch:
    """One subscription's answers."""

    def __init__(self, outcomes: AsyncGenerator[Outcome, None]) -> None:
        self._outcomes = outcomes

    async def data(self) -> Any:
        async with asyncio.timeout(10):
            outcome = await anext(self._outcomes)
        assert not outcome.errors, outcome.errors
        assert isinstance(outcome, Result)
        assert outcome.data
        return outcome.data

    async def events(self, count: int) -> list[dict[str, Any]]:
        return [(await self.data())["taskStatus"] for _ in range(count)]

    async def versions(self, count: int) -> list[int]:
        return [event["version"] for event in await self.events(count)]

    async def refusal(self) -> tuple[str, str]:
        """The code and message of the error that ends it."""
        async with asyncio.timeout(10):
            outcome = await anext(self._outcomes)
        assert not isinstance(outcome, Result)
        [error] = outcome.errors or []
        with pytest.raises(StopAsyncIteration):
            await anext(self._outcomes)
        return (error.extensions or {})["code"], error.message


@asynccontextmanager
async def watching(services: Services, query: str = WATCH, **variables: Any) -> AsyncIterator[Watch]:
    async with aclosing(await schema.stream(query, variables, Operation(services, EVERYBODY))) as outcomes:
        yield Watch(outcomes)


async def change(api: Api, task_id: str, times: int = 1) -> None:
    """Cancel it, retry it, and so on: two versions each."""
    for _ in range(times):
        await api.ask(CANCEL, id=task_id)
        await api.ask(RETRY, id=task_id)


async def subscribed(services: Services, count: int = 1) -> None:
    """Until so many watchers hear what comes."""

    async def there() -> bool:
        return services.hub.watchers == count

    await eventually(there)


@asynccontextmanager
async def standing(services: Services, **variables: Any) -> AsyncIterator[Watch]:
    """A subscription without a first answer, once it hears what comes."""
    async with watching(services, **variables) as watch:
        first = asyncio.create_task(anext(watch._outcomes))
        await subscribed(services)

        async def outcomes() -> AsyncGenerator[Outcome, None]:
            yield await first
            async for outcome in source:
                yield outcome

        source, watch._outcomes = watch._outcomes, outcomes()
        try:
            yield watch
        finally:
            first.cancel()
