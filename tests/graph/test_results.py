"""An event that many subscribers get is executed once for all who ask the same of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import strawberry

from taskflow.graph.execution.results import Outcome, Result, SharedEvent
from taskflow.graph.execution.schema import Schema


@strawberry.type
class Tick(SharedEvent):
    number: int

    @strawberry.field
    async def times(self, info: strawberry.Info["World"], factor: int) -> int:
        info.context.executions += 1
        info.context.started.set()
        await info.context.gate.wait()
        return self.number * factor


@dataclass
class World:
    tick: Tick = field(default_factory=lambda: Tick(number=7))
    started: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    executions: int = 0


@strawberry.type
class Query:
    unused: int = 0


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, info: strawberry.Info[World]) -> AsyncGenerator[Tick, None]:
        yield info.context.tick


schema = Schema(Query, subscription=Subscription)
TIMES = "subscription ($factor: Int = 1) { ticks { times(factor: $factor) } }"


async def first(world: World, query: str = TIMES, **variables: Any) -> Outcome:
    async with aclosing(await schema.stream(query, variables, world)) as results:
        return await anext(results)


async def test_equal_subscriptions_share_one_execution_and_one_text() -> None:
    world = World()
    world.gate.set()
    one, other = [await first(world, factor=2) for _ in range(2)]
    assert isinstance(one, Result)
    assert one is other
    assert one.text == '{"data":{"ticks":{"times":14}}}'
    assert world.executions == 1


async def test_other_variables_and_other_documents_get_their_own() -> None:
    world = World()
    world.gate.set()
    outcomes = [await first(world, factor=2), await first(world, factor=3), await first(world, TIMES + " ")]
    assert [outcome.data for outcome in outcomes] == [{"ticks": {"times": 7 * n}} for n in (2, 3, 1)]
    assert world.executions == 3


async def test_subscriber_that_leaves_does_not_take_the_execution_along() -> None:
    world = World()
    leaving, staying = (asyncio.create_task(first(world)) for _ in range(2))
    await world.started.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    world.gate.set()
    assert (await staying).data == {"ticks": {"times": 7}}
    assert world.executions == 1
