"""Who asks, as the schema shows it."""

from typing import Self

import strawberry

from taskflow.graph.execution import access
from taskflow.graph.execution.access import Role
from taskflow.graph.schema.scalars import explained_enum

explained_enum(
    Role,
    "Role",
    "What a token may do.",
    {
        Role.VIEWER: "It reads and watches.",
        Role.OPERATOR: "It creates, retries, cancels and pauses, too.",
        Role.ADMIN: "It may do everything.",
    },
)


@strawberry.type(description="Who asks.")
class Viewer:
    name: str | None = strawberry.field(description="The token's name; null without tokens.")
    role: Role = strawberry.field(description="What it may do; without tokens everything.")

    @classmethod
    def of(cls, viewer: access.Viewer) -> Self:
        return cls(name=viewer.name, role=viewer.role)
