"""Deleting a task."""

import strawberry

from taskflow.db import retention
from taskflow.db.audit import Act
from taskflow.graph.execution.access import Role
from taskflow.graph.schema.inputs import TaskId
from taskflow.graph.services import OperationInfo


@strawberry.type
class DeletionMutation:
    @strawberry.mutation(
        description="Delete a task that has ended, with its history; CONFLICT for any other. Its idempotency key is "
        "free again, and its copy in `task.dead` stays there. Needs the role admin."
    )
    async def delete_task(self, info: OperationInfo, id: TaskId) -> strawberry.ID:
        info.context.viewer.require(Role.ADMIN)
        resources = info.context.services.resources
        act = Act(info.context.viewer.name, "deleteTask", id)
        await retention.delete(resources.engine, id, act, now=resources.clock.now())
        return id
