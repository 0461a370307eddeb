"""Who did what: every mutation but creates that changed something."""

from datetime import datetime
from typing import Final, Self

import strawberry
from strawberry.scalars import JSON

from taskflow.db import audit
from taskflow.graph.execution.access import Role
from taskflow.graph.lists.numbered import encode_number, load_numbered
from taskflow.graph.schema.numbered import After, First, page_info
from taskflow.graph.schema.types import PageInfo
from taskflow.graph.services import OperationInfo

field = strawberry.field
LIST: Final = "audit"


@strawberry.type(description="What somebody did.")
class AuditEntry:
    id: strawberry.ID = field(description="Its own id, rising over time.")
    at: datetime = field(description="When it was recorded.")
    actor: str | None = field(description="The name of the token that it was done with; null without tokens.")
    action: str = field(description="The mutation's name.")
    subject: strawberry.ID | None = field(description="The id or name of what it changed.")
    detail: JSON | None = field(description="What else there is to know of it, never a payload or a secret.")

    @classmethod
    def of(cls, row: audit.Entry) -> Self:
        return cls(
            id=strawberry.ID(str(row.id)),
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=strawberry.ID(row.subject) if row.subject is not None else None,
            detail=JSON(row.detail),
        )


@strawberry.type(description="An entry of the audit on a page.")
class AuditEdge:
    cursor: str = field(description="Give it as `after` to go on from here.")
    node: AuditEntry = field(description="The entry itself.")


@strawberry.type(description="A page of the audit, by key.")
class AuditConnection:
    edges: list[AuditEdge] = field(description="The entries, each with its cursor.")
    page_info: PageInfo = field(description="Whether there are pages before and after this one.")

    @field(description="The entries alone.")
    def nodes(self) -> list[AuditEntry]:
        return [edge.node for edge in self.edges]


@strawberry.type
class AuditQuery:
    @strawberry.field(
        description="A page of who did what, the newest first: every mutation but creates that changed something. "
        "Needs the role admin."
    )
    async def audit(self, info: OperationInfo, first: First = None, after: After = None) -> AuditConnection:
        info.context.viewer.require(Role.ADMIN)
        engine = info.context.services.resources.engine
        page = await load_numbered(
            LIST, lambda before, limit: audit.page(engine, before=before, limit=limit), first=first, after=after
        )
        edges = [AuditEdge(cursor=encode_number(LIST, row.id), node=AuditEntry.of(row)) for row in page.rows]
        return AuditConnection(edges=edges, page_info=page_info([edge.cursor for edge in edges], page.has_next, after))
