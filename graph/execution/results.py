"""From an operation that may run to what a client gets: results with masked errors, and each made only once.

A thousand watchers of one stream cost one execution and one encoding an event, however many they are.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult as CoreResult
from graphql import Executor, create_source_event_stream, execute_root_selection_set, execute_subscription_event
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from taskflow.graph.execution.errors import mask
from taskflow.graph.execution.library import executor_of_event
from taskflow.infra.wire import encode_json


@dataclass
class Result(ExecutionResult):
    """Of an operation, or of one event, that did run."""

    @property
    def body(self) -> dict[str, Any]:
        errors = {"errors": [error.formatted for error in self.errors]} if self.errors else {}
        return {**errors, "data": self.data}

    @property
    def is_unavailable(self) -> bool:
        """Whether nothing of it was done, since the store is away or takes no more."""
        codes = {(error.extensions or {}).get("code") for error in self.errors or ()}
        return self.data is None and codes == {"SERVICE_UNAVAILABLE"}

    @cached_property
    def text(self) -> str:
        """The body as JSON, encoded once for all who get it."""
        return encode_json(self.body).decode()


Outcome = Result | PreExecutionError  # the latter when nothing did run, or a subscription came to an early end


class SharedEvent:
    """Base of events that are yielded to many subscribers as one and the same object.

    Those who ask the same of it share one execution: so nothing below it may depend on who asks.
    """

    @cached_property
    def results(self) -> dict[object, "asyncio.Future[Result]"]:
        return {}


async def run(executor: Executor[Any]) -> Result:
    return await _finished(execute_root_selection_set(executor))


async def follow(executor: Executor[Any], asked: object) -> AsyncGenerator[Outcome, None]:
    """A result for each event. A PreExecutionError ends them: the resolver failed, not one result.

    `asked` is equal for subscriptions that get equal results of the same event.
    """
    try:
        source: Any = create_source_event_stream(executor)
        source = await source if isawaitable(source) else source
        if isinstance(source, CoreResult):
            yield PreExecutionError(None, [mask(error) for error in source.errors or []])
            return
        async with aclosing(source):
            async for event in source:
                yield await _of_event(executor, event, asked)
    except Exception as error:  # noqa: BLE001 - raised by the resolver between two events
        yield PreExecutionError(None, [mask(error)])


async def _of_event(executor: Executor[Any], event: object, asked: object) -> Result:
    if not isinstance(event, SharedEvent):
        return await _finished(execute_subscription_event(executor_of_event(executor, event)))
    if asked not in event.results:
        result = execute_subscription_event(executor_of_event(executor, event))
        event.results[asked] = asyncio.ensure_future(_finished(result))
    return await asyncio.shield(event.results[asked])  # one subscriber's end is not the others'


async def _finished(result: Any) -> Result:
    done: CoreResult = await result if isawaitable(result) else result
    return Result(done.data, [mask(error) for error in done.errors] if done.errors else None)
