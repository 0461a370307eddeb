"""Assembles the schema. `python -m taskflow.graph.schema.build` prints it; the print is committed beside this file."""

from typing import Final

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, Undefined
from strawberry.schema.config import StrawberryConfig

from taskflow.graph.execution.schema import Schema
from taskflow.graph.schema.mutation import Mutation
from taskflow.graph.schema.query import Query
from taskflow.graph.schema.scalars import SCALARS
from taskflow.graph.schema.subscription import Subscription


def _assemble() -> Schema:
    schema = Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=dict(SCALARS)))
    _drop_null_defaults(schema._schema)
    return schema


def _drop_null_defaults(schema: GraphQLSchema) -> None:
    """What may be left out has no default: a null that Python needs would stand in the print as a promise."""
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


schema: Final = _assemble()

if __name__ == "__main__":
    print(schema.as_str())  # noqa: T201
