"""The mutations."""

from typing import Annotated

import strawberry

from taskflow.graph.execution.access import Role
from taskflow.graph.schema.deletion import DeletionMutation
from taskflow.graph.schema.inputs import CreateTaskInput, TaskId, argument, to_input
from taskflow.graph.schema.letters import LettersMutation
from taskflow.graph.schema.queues import QueueMutation
from taskflow.graph.schema.types import CreateTaskPayload, CreateTasksPayload, Task
from taskflow.graph.services import OperationInfo, validated
from taskflow.infra.input import InvalidInput, Problem

TASKS_MAX = 1000


@strawberry.type(description="What can be changed.")
class Mutation(QueueMutation, LettersMutation, DeletionMutation):
    @strawberry.mutation(description="Create a task. Once this has answered, the task will end, whatever happens.")
    async def create_task(
        self, info: OperationInfo, input: Annotated[CreateTaskInput, argument("The task.")]
    ) -> CreateTaskPayload:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        new = validated(services, [to_input(input, info.context.traceparent)])
        created = await services.submitter.create(new)
        return CreateTaskPayload(task=Task.of(created.tasks[0], services.kinds), created=created.is_new[0])

    @strawberry.mutation(description="Create 1 to 1000 tasks, all or none.")
    async def create_tasks(
        self, info: OperationInfo, inputs: Annotated[list[CreateTaskInput], argument("The tasks.")]
    ) -> CreateTasksPayload:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        if not 1 <= len(inputs) <= TASKS_MAX:
            raise InvalidInput((Problem("inputs", f"takes 1 to {TASKS_MAX} tasks, not {len(inputs)}"),))
        asked = [to_input(one, info.context.traceparent) for one in inputs]
        new = validated(services, asked, prefix="inputs")
        created = await services.submitter.create(new)
        tasks = [Task.of(row, services.kinds) for row in created.tasks]
        return CreateTasksPayload(tasks=tasks, created_count=sum(created.is_new))

    @strawberry.mutation(description="Run a FAILED or CANCELLED task again. CONFLICT for any other.")
    async def retry_task(self, info: OperationInfo, id: TaskId) -> Task:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        return Task.of(await services.submitter.retry(id, by=info.context.viewer.name), services.kinds)

    @strawberry.mutation(
        description="Stop a task: at once while PENDING, co-operatively while PROCESSING. CONFLICT once it has ended."
    )
    async def cancel_task(self, info: OperationInfo, id: TaskId) -> Task:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        return Task.of(await services.submitter.cancel(id, by=info.context.viewer.name), services.kinds)
