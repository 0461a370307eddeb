"""Strawberry's schema with one way in: a document is parsed, limited and validated once, and no error leaves unmasked.

Runs operations on graphql-core directly. Strawberry's extensions never run: they cost as much as a small
operation itself, and its cached parser loses the syntax errors of subscriptions.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any, cast

import strawberry
from graphql import DocumentNode, Executor, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql import OperationType as CoreOperationType
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from taskflow.graph.execution.errors import FAULTS, code_of, coded, mask
from taskflow.graph.execution.library import StrawberryExecutor, core_schema, optimized_is_awaitable
from taskflow.graph.execution.limits import MAX_TOKENS, RULES, check_length, check_limits
from taskflow.graph.execution.results import Outcome, changes, follow, run
from taskflow.infra.tracing import SILENT, Span

KEPT_DOCUMENTS = 128  # 0.4 MB each at the very most
MAX_ERRORS = 20  # of one document: what comes after helps nobody


class Refused(Exception):
    """The request was not run."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        self.errors = [coded(error) for error in errors]


def prepare(schema: GraphQLSchema, query: str) -> DocumentNode:
    """The document, fit to be run. Raises Refused. The order matters: nothing expands what has not been measured."""
    try:
        check_length(query)
        document = parse(query, max_tokens=MAX_TOKENS)
        check_limits(document)
    except GraphQLError as error:
        raise Refused([error]) from None
    if errors := validate(schema, document, RULES, max_errors=MAX_ERRORS):
        raise Refused(errors)
    return document


class Schema(strawberry.Schema):
    """Build it as strawberry.Schema, without extensions."""

    def __init__(self, query: type, mutation: type | None = None, subscription: type | None = None, **options: Any):
        super().__init__(query, mutation, subscription, **options)
        self.documents = lru_cache(maxsize=KEPT_DOCUMENTS)(partial(prepare, core_schema(self)))

    async def before_changes(self, context: Any, count: int) -> None:
        """Before a mutation with so many fields. What this raises is its only error. For a subclass."""

    def standing(self, context: Any) -> object:
        """What results depend on besides the operation itself: equal for those who may share them. For a subclass."""
        return None

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> Outcome:
        """Run a query or a mutation; PreExecutionError when it was not run. Raises InvalidOperationTypeError."""
        try:
            executor = self._executor(
                query, variable_values, context_value, root_value, operation_name, operation_extensions
            )
        except Refused as refused:
            return PreExecutionError(None, refused.errors)
        kind = OperationType(executor.operation.operation.value)
        if kind not in (allowed_operation_types or (OperationType.QUERY, OperationType.MUTATION)):
            raise InvalidOperationTypeError(kind)
        return await self._run(executor)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> AsyncGenerator[Outcome, None]:
        """The results of an operation of any kind; a PreExecutionError is the last."""
        try:
            executor = self._executor(
                query, variable_values, context_value, root_value, operation_name, operation_extensions
            )
        except Refused as refused:
            return _only(PreExecutionError(None, refused.errors))
        if executor.operation.operation is not CoreOperationType.SUBSCRIPTION:
            return _only(await self._run(executor))
        return follow(executor, (query, operation_name, repr(variable_values), self.standing(context_value)))

    def observe(self, operation: OperationDefinitionNode, context: Any) -> AbstractContextManager[Span]:
        """Around a query or a mutation while it runs. For a subclass."""
        return nullcontext(SILENT)

    async def _run(self, executor: Executor[Any]) -> Outcome:
        with self.observe(executor.operation, executor.context_value) as span:
            result = await self._outcome(executor)
            if fault := next((code for code in map(code_of, result.errors or ()) if code in FAULTS), None):
                span.fail(fault)
            return result

    async def _outcome(self, executor: Executor[Any]) -> Outcome:
        if count := len(changes(executor)):
            try:
                await self.before_changes(executor.context_value, count)
            except Exception as error:  # noqa: BLE001 - told to the client, or to the log
                return PreExecutionError(None, [mask(error)])
        return await run(executor)

    def _executor(
        self,
        query: str | None,
        variables: dict[str, Any] | None,
        context: Any,
        root: Any,
        operation_name: str | None,
        extensions: dict[str, Any] | None,
    ) -> Executor[Any]:
        executor = StrawberryExecutor.build(
            core_schema(self),
            self.documents(query or ""),
            root,
            context,
            variables,
            operation_name,
            is_awaitable=cast(Any, optimized_is_awaitable),
            operation_extensions=extensions,
        )
        if isinstance(executor, list):
            raise Refused(executor)
        return executor


async def _only(result: Outcome) -> AsyncGenerator[Outcome, None]:
    yield result
