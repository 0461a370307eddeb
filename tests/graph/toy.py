"""A schema with one of everything that a transport can get wrong."""

import asyncio
from collections.abc import AsyncGenerator

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from taskflow.graph.execution.schema import Schema


class Missing(Exception):
    """A domain error: tests give it a code."""


class Events:
    """What happened to the subscriptions of one server."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[str] = asyncio.Queue()
        self.closed: asyncio.Queue[str] = asyncio.Queue()


@strawberry.type
class Node:
    name: str = "node"

    @strawberry.field
    def node(self) -> "Node":
        return Node()


@strawberry.type
class Query:
    @strawberry.field
    def node(self) -> Node:
        return Node()

    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def echo(self, value: JSON) -> JSON:
        return value

    @strawberry.field
    def boom(self) -> str | None:
        raise RuntimeError("secret: where the database is")

    @strawberry.field
    def missing(self) -> str | None:
        raise Missing("no such task")

    @strawberry.field
    def conflict(self) -> str | None:
        raise GraphQLError("taken", extensions={"code": "CONFLICT"})

    @strawberry.field
    def unknown_code(self) -> str | None:
        raise GraphQLError("secret", extensions={"code": "SECRET"})

    @strawberry.field
    def list_of_errors(self) -> list[str | None]:
        return [Missing("first"), "second", RuntimeError("secret")]  # type: ignore[list-item]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def add(self, a: int, b: int) -> int:
        return a + b


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def forever(self, info: strawberry.Info[Events], name: str) -> AsyncGenerator[int, None]:
        try:
            info.context.opened.put_nowait(name)
            yield 0
            await asyncio.Event().wait()
        finally:
            info.context.closed.put_nowait(name)

    @strawberry.subscription
    async def failing(self, how: str) -> AsyncGenerator[int, None]:
        yield 0
        errors = {
            "lagged": GraphQLError("read too slowly", extensions={"code": "LAGGED"}),
            "missing": Missing("no such task"),
            "boom": RuntimeError("secret: where the database is"),
        }
        raise errors[how]


schema = Schema(query=Query, mutation=Mutation, subscription=Subscription)
FOREVER = 'subscription { forever(name: "%s") }'
