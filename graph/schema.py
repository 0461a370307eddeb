"""Assembles the schema. `python -m graph.schema` prints it; the print is committed beside this file."""

from typing import Final

from strawberry.schema.config import StrawberryConfig

from graph.execution import Schema
from graph.leaves import SCALARS
from graph.mutation import Mutation
from graph.query import Query
from graph.subscription import Subscription

schema: Final = Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=dict(SCALARS)))

if __name__ == "__main__":
    print(schema.as_str())  # noqa: T201
