"""From an operation that may run to what a client gets: results with masked errors, and each made only once.

A thousand watchers of one stream cost one execution and one encoding an event, however many they are.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult as CoreResult
from graphql import (
    Executor,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
)
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from taskflow.graph.execution.errors import mask
from taskflow.graph.execution.library import executor_of_event
from taskflow.infra.wire import encode_json


@dataclass
class Result(ExecutionResult):
    """Of an operation, or of one event, that did run. `first` is a mutation's first field, as the answer names it."""

    first: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        errors = {"errors": [error.formatted for error in self.errors]} if self.errors else {}
        return {**errors, "data": self.data}

    @property
    def refusal(self) -> str | None:
        """The code of what nothing was done of, for that one reason. Of a mutation the fields run in order."""
        errors = self.errors or []
        codes = {(error.extensions or {}).get("code") for error in errors}
        if self.data is not None or len(codes) != 1:
            return None
        was_begun = self.first is not None and all(error.path and error.path[0] != self.first for error in errors)
        return None if was_begun else codes.pop()

    @cached_property
    def text(self) -> str:
        """The body as JSON, encoded once for all who get it."""
        return encode_json(self.body).decode()


Outcome = Result | PreExecutionError  # the latter when nothing did run, or a subscription came to an early end


class SharedEvent:
    """Base of events that are yielded to many subscribers as one and the same object.

    Those who ask the same of it, and have the same role, share one execution: so nothing below it may depend on
    anything else of who asks.
    """

    @cached_property
    def results(self) -> dict[object, "asyncio.Future[Result]"]:
        return {}


async def run(executor: Executor[Any]) -> Result:
    fields = changes(executor)
    result = await _finished(execute_root_selection_set(executor))
    if fields:
        first = fields[0]
        result.first = (first.alias or first.name).value
    return result


def changes(executor: Executor[Any]) -> list[FieldNode]:
    """What a mutation does, in order; nothing for any other operation."""
    operation = executor.operation
    if operation.operation is not OperationType.MUTATION:
        return []
    return list(_fields(operation.selection_set, executor.fragment_definitions))


def _fields(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)


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
