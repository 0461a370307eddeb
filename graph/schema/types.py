"""What the schema shows. Plain values, built from rows; only a task's history is loaded when it is asked for."""

from dataclasses import fields
from datetime import datetime
from typing import Final, Self

import strawberry
from strawberry.scalars import JSON

from taskflow.db import models, outcome
from taskflow.db.counting import Count
from taskflow.graph.execution.results import SharedEvent
from taskflow.graph.figures.cached import Cached
from taskflow.graph.figures.kinds import Kinds
from taskflow.graph.figures.stats import Figures
from taskflow.graph.schema.scalars import TaskStatus
from taskflow.graph.services import OperationInfo
from taskflow.infra.urls import TRACE_ID

field = strawberry.field


@strawberry.type(description="Why an attempt failed.")
class TaskError:
    type: str = field(description="The exception's class name, or a name of TaskFlow's own such as WorkerLost.")
    message: str = field(description="What it said.")
    traceback: str | None = field(description="Where it came from, in the handler's code.")

    @classmethod
    def of(cls, error: outcome.TaskError | None) -> Self | None:
        return cls(**error) if error else None


@strawberry.type(description="One recorded change of a task.")
class TaskEvent:
    id: strawberry.ID = field(description="The event's own id, rising over time.")
    version: int = field(description="The task's version that this change made.")
    status: TaskStatus = field(description="The status it led to.")
    attempt: int = field(description="Attempts started so far.")
    message: str | None = field(description="The note that came with it.")
    error: TaskError | None = field(description="Why the attempt failed, where it did.")
    worker_id: str | None = field(description="The worker that ran the attempt.")
    at: datetime = field(description="When it was recorded.")

    @classmethod
    def of(cls, row: models.TaskEvent) -> Self:
        return cls(
            id=strawberry.ID(str(row.id)),
            version=row.version,
            status=row.status,
            attempt=row.attempt,
            message=row.message,
            error=TaskError.of(row.error),
            worker_id=row.worker_id,
            at=row.at,
        )


@strawberry.type(description="A piece of background work, from its creation to its end.")
class Task:
    id: strawberry.ID = field(description="Its UUID, as REST shows it.")
    title: str = field(description="What people call it.")
    kind: str = field(description='Which handler runs it; "message" when none was given.')
    queue: str = field(description='The queue it waits in; "default" when none was given.')
    payload: JSON | None = field(description="What the handler is given; secrets of it read **********.")
    status: TaskStatus = field(description="Where it is.")
    message: str | None = field(description="The latest note: the handler's message, or why it failed.")
    result: JSON | None = field(description="What the handler returned.")
    error: TaskError | None = field(description="The last attempt's failure, also while a retry is waiting.")
    progress: float | None = field(description="From 0.0 to 1.0; null when the handler reports none.")
    attempt: int = field(description="Attempts started so far; 0 before the first.")
    max_attempts: int = field(description="Attempts it may have: as it was created, or as its kind says.")
    version: int = field(description="1, 2, 3 …: one for each recorded change, without a hole.")
    idempotency_key: str | None = field(description="The key it was created with.")
    created_at: datetime = field(description="When it was created.")
    updated_at: datetime = field(description="When its last change was recorded.")
    run_at: datetime | None = field(description="Not before this instant: asked for, or the next retry's.")
    started_at: datetime | None = field(description="When the latest attempt started.")
    finished_at: datetime | None = field(description="When it ended; null until then.")
    duration_ms: int | None = field(description="How long the latest attempt ran, in milliseconds, once it ended.")

    trace_id: str | None = field(description="The trace it belongs to, in 32 hexadecimal digits; null without one.")

    @field(description="A page that shows its trace; null without one, and where TRACE_URL does not say how.")
    def trace_url(self, info: OperationInfo) -> str | None:
        template = info.context.services.resources.settings.trace_url
        return template.replace(TRACE_ID, self.trace_id) if template and self.trace_id else None

    @field(description="The whole history, oldest first.")
    async def events(self, info: OperationInfo) -> list[TaskEvent]:
        return [TaskEvent.of(row) for row in await info.context.histories.load(self.id)]

    @classmethod
    def of(cls, row: models.Task, kinds: Kinds) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            title=row.title,
            kind=row.kind,
            queue=row.queue,
            payload=JSON(kinds.payload(row)),
            status=row.status,
            message=row.message,
            result=JSON(row.result),
            error=TaskError.of(row.error),
            progress=row.progress,
            attempt=row.attempt,
            max_attempts=kinds.max_attempts(row),
            version=row.version,
            idempotency_key=row.idempotency_key,
            created_at=row.created_at,
            updated_at=row.updated_at,
            run_at=row.run_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            duration_ms=row.duration_ms,
            trace_id=row.trace_id,
        )


@strawberry.type(description="Whether a page has others before and after it, and its cursors.")
class PageInfo:
    has_next_page: bool = field(description="Whether there is more after it.")
    has_previous_page: bool = field(description="Whether there is more before it.")
    start_cursor: str | None = field(description="Of its first edge, or where a search of it stopped.")
    end_cursor: str | None = field(description="Of its last edge, or where a search of it stopped.")


@strawberry.type(description="A task on a page.")
class TaskEdge:
    cursor: str = field(description="Give it as `after` or `before` to go on from here.")
    node: Task = field(description="The task itself.")


@strawberry.type(description="A page of tasks, by key.")
class TaskConnection:
    edges: list[TaskEdge] = field(description="The tasks, each with its cursor.")
    page_info: PageInfo = field(description="Whether there are pages before and after this one.")
    searched_until: datetime | None = field(
        description="Where a search for common words stopped early: the instant of the last task it has looked at. The "
        "next page goes on from there. Null when it has looked at all."
    )
    count: strawberry.Private[Cached[Count]]

    @field(description="The tasks alone.")
    def nodes(self) -> list[Task]:
        return [edge.node for edge in self.edges]

    @field(
        description="How many pass the filter in all, or at least so many where `isCapped`. Above 10,000, all "
        "of a status are counted every few seconds. Counted only when selected."
    )
    async def total_count(self) -> int:
        return (await self.count.get()).number

    @field(description="Whether counting would take long, so that there may be more than `totalCount`.")
    async def is_capped(self) -> bool:
        return (await self.count.get()).is_capped


@strawberry.type(description="How many tasks have one status.")
class StatusCount:
    status: TaskStatus = field(description="The status.")
    count: int = field(description="How many have it.")


@strawberry.type(description="Figures of the whole system.")
class Stats:
    total: int = field(description="All tasks.")
    by_status: list[StatusCount] = field(description="One entry for each status, zeros included.")
    queue_depth: int = field(description="Messages waiting in the broker.")

    @classmethod
    def of(cls, figures: Figures) -> Self:
        counts = [StatusCount(status=status, count=count) for status, count in figures.by_status.items()]
        return cls(total=figures.total, by_status=counts, queue_depth=figures.queue_depth)


@strawberry.type(description="A change of a task, as it happens.")
class TaskStatusEvent(SharedEvent):
    id: strawberry.ID = field(description="Give the last one seen as `after` to resume without a gap.")
    task_id: strawberry.ID = field(description="Whose change it is.")
    status: TaskStatus = field(description="The status it led to.")
    message: str | None = field(description="The note that came with it.")
    attempt: int = field(description="Attempts started so far.")
    progress: float | None = field(description="From 0.0 to 1.0; null when the handler reports none.")
    version: int = field(description="Drop what you have by (taskId, version); progress comes under the same version.")
    updated_at: datetime = field(description="When it was recorded.")

    @field(description="The task as it is now. Loaded only when selected.")
    async def task(self, info: OperationInfo) -> Task:
        row = await info.context.tasks.load(self.task_id)
        return Task.of(row, info.context.services.kinds)  # type: ignore[arg-type]

    @classmethod
    def of(cls, event: models.StatusEvent) -> Self:
        shown = {name: getattr(event, name) for name in _EVENT_FIELDS}
        return cls(id=strawberry.ID(str(event.event_id)), **shown)


_EVENT_FIELDS: Final = tuple(one.name for one in fields(TaskStatusEvent) if hasattr(models.StatusEvent, one.name))


@strawberry.type(description="What createTask came to.")
class CreateTaskPayload:
    task: Task = field(description="The task: a new one, or the first with this key.")
    created: bool = field(description="False when the key was known.")


@strawberry.type(description="What createTasks came to.")
class CreateTasksPayload:
    tasks: list[Task] = field(description="In the order of the inputs.")
    created_count: int = field(description="How many of them are new.")
