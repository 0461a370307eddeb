"""What the schema takes, and how it becomes what the rest of the program takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry.scalars import JSON
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

from taskflow.db.queries import Filter, Order
from taskflow.graph.schema.scalars import OrderDirection, OrderField, TaskStatus
from taskflow.graph.tasks.filter import to_filter as check_filter
from taskflow.infra.input import TaskInput

T = TypeVar("T")

field = strawberry.field


def _of_leaves(kind: type[T]) -> type[T]:
    """Let an input whose fields are all leaves, or lists of them, be built from them as they are.

    Strawberry would look at the annotation of each, each time: a third of what it spends on creating a task.
    """
    definition: StrawberryObjectDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    names = {to_camel_case(one.python_name): one.python_name for one in definition.fields}

    def build(cls: type, value: Mapping[str, Any], context: InputContext) -> Any:
        return cls(**{names[name]: one for name, one in value.items()})

    definition.from_input = build
    return kind


@_of_leaves
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


@_of_leaves
@strawberry.input(description="The order of a list.")
class TaskOrder:
    field: OrderField = strawberry.field(default=OrderField.CREATED_AT, description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Which way.")


def to_order(given: TaskOrder | None) -> Order:
    if given is None:
        return Order()
    return Order(given.field, given.direction is OrderDirection.DESC)


@_of_leaves
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


def to_input(given: CreateTaskInput) -> TaskInput:
    return TaskInput(
        title=given.title,
        payload=given.payload,
        kind=given.kind,
        queue=given.queue,
        run_at=given.run_at,
        max_attempts=given.max_attempts,
        idempotency_key=given.idempotency_key,
    )


def argument(description: str, name: str | None = None) -> object:
    return strawberry.argument(description=description, name=name)


TaskId = Annotated[strawberry.ID, argument("The task's UUID.")]
FilterArgument = Annotated[TaskFilter | None, argument("Which tasks; all of them when not given.")]
