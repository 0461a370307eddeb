"""What the schema takes, and how it becomes what the rest of the program takes."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from taskflow.db.queries import Filter, Order
from taskflow.db.traceparent import parse
from taskflow.graph.execution.library import takes_leaves
from taskflow.graph.lists.filter import to_filter as check_filter
from taskflow.graph.schema.scalars import OrderDirection, OrderField, TaskStatus
from taskflow.infra.input import TaskInput
from taskflow.infra.tracing.current import current_traceparent

field = strawberry.field


@takes_leaves
@strawberry.input(description="Which tasks. Every condition given has to hold.")
class TaskFilter:
    statuses: list[TaskStatus] | None = field(default=None, description="Any of these statuses.")
    kinds: list[str] | None = field(default=None, description="Any of these kinds.")
    queues: list[str] | None = field(default=None, description="Any of these queues.")
    search: str | None = field(default=None, description="Words of the title, each by its beginning; or a whole id.")
    created_after: datetime | None = field(default=None, description="Created at this instant or later.")
    created_before: datetime | None = field(default=None, description="Created before this instant.")


def to_filter(given: TaskFilter | None) -> Filter:
    """Raises InvalidInput."""
    if given is None:
        return Filter()
    return check_filter(
        statuses=given.statuses or (),
        kinds=given.kinds or (),
        queues=given.queues or (),
        search=given.search,
        created_after=given.created_after,
        created_before=given.created_before,
    )


@takes_leaves
@strawberry.input(description="The order of a list.")
class TaskOrder:
    field: OrderField = strawberry.field(default=OrderField.CREATED_AT, description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Which way.")


def to_order(given: TaskOrder | None) -> Order:
    if given is None:
        return Order()
    return Order(given.field, given.direction is OrderDirection.DESC)


@takes_leaves
@strawberry.input(description="A task to create.")
class CreateTaskInput:
    title: str = field(description="1 to 255 characters after trimming.")
    payload: JSON | None = field(default=None, description="An object or null; at most 256 KiB, 32 levels.")
    kind: str | None = field(default=None, description="Which handler is to run it.")
    queue: str | None = field(default=None, description="Which queue it is to wait in.")
    run_at: datetime | None = field(default=None, description="Not before this instant.")
    max_attempts: int | None = field(default=None, description="1 to 100; the handler's own number when not given.")
    idempotency_key: str | None = field(
        default=None, description="1 to 128 characters; a second create with it returns the first task."
    )
    traceparent: str | None = field(
        default=None,
        description="The trace it belongs to, as W3C Trace Context writes it; the request's when not given.",
    )


def to_input(given: CreateTaskInput, traceparent: str | None) -> TaskInput:
    """`traceparent` came with the request; a span that this process is in follows it."""
    return TaskInput(
        title=given.title,
        payload=given.payload,
        kind=given.kind,
        queue=given.queue,
        run_at=given.run_at,
        max_attempts=given.max_attempts,
        idempotency_key=given.idempotency_key,
        traceparent=parse(given.traceparent) or current_traceparent() or traceparent,
    )


def argument(description: str, name: str | None = None) -> object:
    return strawberry.argument(description=description, name=name)


TaskId = Annotated[strawberry.ID, argument("The task's UUID.")]
FilterArgument = Annotated[TaskFilter | None, argument("Which tasks; all of them when not given.")]
