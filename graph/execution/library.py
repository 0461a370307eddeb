"""What we use of Strawberry and graphql-core beyond their documented interface: here, and in no other file.

Tried with strawberry-graphql 0.341 and graphql-core 3.3.2; pyproject.toml allows no other minor version of either. What
is here earns its place in a whole task: with all of it a create over GraphQL costs the API a third of what the views
as they come do, and an event for 100 subscribers a fifth (tests/performance, strawberry-graphql/strawberry 3544, 1853).
What notices the end of a part is named beside it.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import strawberry
from graphql import Executor, GraphQLSchema
from strawberry.asgi import ASGIWebSocketAdapter as ASGIWebSocketAdapter
from strawberry.execution import optimized_is_awaitable as optimized_is_awaitable
from strawberry.http.exceptions import NonJsonMessageReceived as NonJsonMessageReceived
from strawberry.http.exceptions import NonTextMessageReceived as NonTextMessageReceived
from strawberry.http.exceptions import WebSocketDisconnected as WebSocketDisconnected
from strawberry.http.websocket_origin import is_same_origin as is_same_origin
from strawberry.http.websocket_origin import normalize_allowed_origins as normalize_allowed_origins
from strawberry.http.websocket_origin import normalize_origin as normalize_origin
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler as BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import Operation as Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage as ConnectionInitMessage
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message as Message
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case as to_camel_case

# The handler, its messages and its adapter: tests/graph/test_ws_*.py. Origins: tests/graph/test_origins.py.

T = TypeVar("T")

StrawberryExecutor = StrawberryGraphQLCoreExecutionContext
"""Runs an operation: every test of tests/graph."""


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """What graphql-core runs, and what is printed: tests/graph/test_schema.py."""
    return schema._schema


def takes_leaves(kind: type[T]) -> type[T]:
    """Let an input whose fields are all leaves, or lists of them, be built from them as they are.

    Strawberry looks at the annotation of each, each time: a quarter of what a create costs without HTTP. Ends with
    tests/graph/test_input.py.
    """
    definition: StrawberryObjectDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    names = {to_camel_case(one.python_name): one.python_name for one in definition.fields}

    def build(cls: type, value: Mapping[str, Any], context: InputContext) -> Any:
        return cls(**{names[name]: one for name, one in value.items()})

    definition.from_input = build
    return kind


def executor_of_event(executor: Executor[Any], event: object) -> Executor[Any]:
    """With a cache of its own: the library would keep, until the subscriber leaves, what each event has collected.

    128 MB over 20,000 tasks; tests/integration/figures.py holds the bound.
    """
    own = executor.build_per_event_executor(event)
    own._relevant_sub_fields = {}
    return own
