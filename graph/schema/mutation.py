"""The mutations."""

from typing import Annotated

import strawberry

from taskflow.graph.execution.access import Role
from taskflow.graph.schema.deletion import DeletionMutation
from taskflow.graph.schema.inputs import CreateTaskInput, TaskId, argument, to_input
from taskflow.graph.schema.letters import LettersMutation
from taskflow.graph.schema.types import CreateTaskPayload, CreateTasksPayload, Task
from taskflow.graph.services import OperationInfo
from taskflow.infra.input import InvalidInput, Problem
from taskflow.infra.new_task import validate

TASKS_MAX = 1000


@strawberry.type(description="What can be changed.")
class Mutation(LettersMutation, DeletionMutation):
    @strawberry.mutation(description="Create a task. Once this has answered, the task will end, whatever happens.")
    async def create_task(
        self, info: OperationInfo, input: Annotated[CreateTaskInput, argument("The task.")]
    ) -> CreateTaskPayload:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        new = validate([to_input(input)], payload_max_bytes=services.resources.settings.payload_max_bytes)
        created = await services.submitter.create(new)
        return CreateTaskPayload(task=Task.of(created.tasks[0]), created=created.is_new[0])

    @strawberry.mutation(description="Create 1 to 1000 tasks, all or none.")
    async def create_tasks(
        self, info: OperationInfo, inputs: Annotated[list[CreateTaskInput], argument("The tasks.")]
    ) -> CreateTasksPayload:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        if not 1 <= len(inputs) <= TASKS_MAX:
            raise InvalidInput((Problem("inputs", f"takes 1 to {TASKS_MAX} tasks, not {len(inputs)}"),))
        limit = services.resources.settings.payload_max_bytes
        new = validate([to_input(one) for one in inputs], payload_max_bytes=limit, prefix="inputs")
        created = await services.submitter.create(new)
        return CreateTasksPayload(tasks=[Task.of(row) for row in created.tasks], created_count=sum(created.is_new))

    @strawberry.mutation(description="Run a FAILED or CANCELLED task again. CONFLICT for any other.")
    async def retry_task(self, info: OperationInfo, id: TaskId) -> Task:
        info.context.viewer.require(Role.OPERATOR)
        return Task.of(await info.context.services.submitter.retry(id, by=info.context.viewer.name))

    @strawberry.mutation(
        description="Stop a task: at once while PENDING, co-operatively while PROCESSING. CONFLICT once it has ended."
    )
    async def cancel_task(self, info: OperationInfo, id: TaskId) -> Task:
        info.context.viewer.require(Role.OPERATOR)
        return Task.of(await info.context.services.submitter.cancel(id, by=info.context.viewer.name))
