"""Assembles the schema. `python -m taskflow.graph.schema.build` prints it; the print is committed beside this file."""

from contextlib import AbstractContextManager
from typing import Any, Final, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig

from taskflow.graph.execution.access import Role
from taskflow.graph.execution.library import core_schema
from taskflow.graph.execution.schema import Schema
from taskflow.graph.schema.mutation import Mutation
from taskflow.graph.schema.query import Query
from taskflow.graph.schema.scalars import EXPLAINED, SCALARS
from taskflow.graph.schema.subscription import Subscription
from taskflow.graph.services import Operation
from taskflow.infra.tracing import Span

LONGEST_NAME: Final = 100


class TaskFlowSchema(Schema):
    def observe(self, operation: OperationDefinitionNode, context: Operation) -> AbstractContextManager[Span]:
        """A span for each query and mutation, by its name: none for what a subscription brings."""
        kind, name = operation.operation.value, operation.name.value[:LONGEST_NAME] if operation.name else ""
        attributes = {"graphql.operation.type": kind} | ({"graphql.operation.name": name} if name else {})
        tracing = context.services.resources.tracing
        return tracing.request(f"{kind} {name}".strip(), context.traceparent, attributes)

    async def before_changes(self, context: Any, count: int) -> None:
        operation = cast(Operation, context)
        await operation.services.rate.take(operation.caller, count)

    def standing(self, context: Any) -> Role:
        """Nothing that a subscription shows depends on more of who asks than the role."""
        return cast(Operation, context).viewer.role


def _assemble() -> Schema:
    schema = TaskFlowSchema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=dict(SCALARS)))
    core = core_schema(schema)
    _drop_null_defaults(core)
    _explain_values(core)
    return schema


def _drop_null_defaults(schema: GraphQLSchema) -> None:
    """What may be left out has no default: a null that Python needs would be printed as a default."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            values = list(type_.fields.values())
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            values = [argument for field in type_.fields.values() for argument in field.args.values()]
        else:
            continue
        for value in values:
            if value.default_value is None:
                value.default_value = Undefined


def _explain_values(schema: GraphQLSchema) -> None:
    """Strawberry takes explanations inside of an enum's class alone, and ours are classes of the store."""
    for name, explanations in EXPLAINED.items():
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLEnumType)  # noqa: S101 - by how they were made
        for value, text in explanations.items():
            type_.values[value].description = text


schema: Final = _assemble()

if __name__ == "__main__":
    print(schema.as_str())  # noqa: T201
