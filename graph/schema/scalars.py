"""Scalars and enums: the leaves of every answer."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.queries import OrderField
from taskflow.infra.input import to_instant
from taskflow.infra.wire import format_instant

__all__ = ["SCALARS", "OrderDirection", "OrderField", "TaskStatus"]


class OrderDirection(Enum):
    ASC = "asc"
    DESC = "desc"


EXPLAINED: Final[dict[str, Mapping[str, str]]] = {}
"""What each value of each enum means, by the names that they have in the schema."""


def explained_enum(kind: type[Enum], name: str, description: str, values: Mapping[Any, str]) -> None:
    """Make it known to Strawberry, each value explained once the schema is built."""
    strawberry.enum(kind, name=name, description=description)
    EXPLAINED[name] = {value.name: text for value, text in values.items()}


explained_enum(
    TaskStatus,
    "TaskStatus",
    "Where a task is: waiting, running, or ended in one of three ways.",
    {
        TaskStatus.PENDING: "It waits: for a worker, for its date, or for its next attempt.",
        TaskStatus.PROCESSING: "A worker has it.",
        TaskStatus.DONE: "It ended well.",
        TaskStatus.FAILED: "It used up its attempts, or another could not help; its error says why.",
        TaskStatus.CANCELLED: "Somebody stopped it.",
    },
)
explained_enum(
    OrderField,
    "TaskOrderField",
    "What a list is ordered by.",
    {
        OrderField.CREATED_AT: "When it was created.",
        OrderField.UPDATED_AT: "When its last change was recorded.",
    },
)
explained_enum(
    OrderDirection,
    "OrderDirection",
    "Which end of a list comes first.",
    {OrderDirection.ASC: "The oldest first.", OrderDirection.DESC: "The newest first."},
)


def _parse_datetime(value: Any) -> datetime:
    try:
        return to_instant(value)
    except ValueError as error:
        raise GraphQLError(f"DateTime {error}") from None


SCALARS: Final[Mapping[object, Any]] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in UTC, RFC 3339 with a trailing Z and microseconds: 2026-01-31T09:30:00.123456Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=format_instant,
        parse_value=_parse_datetime,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
