"""The queries."""

from functools import partial
from typing import Annotated

import strawberry

from taskflow.db.errors import TaskNotFound
from taskflow.graph.figures.cached import Cached
from taskflow.graph.figures.throughput import Span
from taskflow.graph.lists.counts import count
from taskflow.graph.lists.paging import encode_cursor, load_page, page_size
from taskflow.graph.schema.audit import AuditQuery
from taskflow.graph.schema.history import History
from taskflow.graph.schema.inputs import FilterArgument, TaskId, TaskOrder, argument, to_filter, to_order
from taskflow.graph.schema.letters import LettersQuery
from taskflow.graph.schema.queues import Queue
from taskflow.graph.schema.storage import StorageQuery
from taskflow.graph.schema.types import PageInfo, Stats, Task, TaskConnection, TaskEdge
from taskflow.graph.schema.viewer import Viewer
from taskflow.graph.schema.workers import Worker
from taskflow.graph.services import OperationInfo


@strawberry.type(description="What can be read.")
class Query(LettersQuery, AuditQuery, StorageQuery):
    @strawberry.field(description="One task, or null when there is none with this id.")
    async def task(self, info: OperationInfo, id: TaskId) -> Task | None:
        try:
            row = await info.context.tasks.load(id)
            return Task.of(row, info.context.services.kinds)  # type: ignore[arg-type]
        except TaskNotFound:
            return None

    @strawberry.field(description="A page of tasks, the newest first unless ordered otherwise.")
    async def tasks(
        self,
        info: OperationInfo,
        first: Annotated[int | None, argument("At most so many from the front: 1 to 200, 50 when not given.")] = None,
        after: Annotated[str | None, argument("Only those after this cursor.")] = None,
        last: Annotated[int | None, argument("At most so many from the back: 1 to 200.")] = None,
        before: Annotated[str | None, argument("Only those before this cursor.")] = None,
        filter: FilterArgument = None,
        order_by: Annotated[TaskOrder | None, argument("The order; by creation, newest first, when not given.")] = None,
    ) -> TaskConnection:
        where, order = to_filter(filter), to_order(order_by)
        info.context.take(page_size(first, last))
        engine, kinds = info.context.services.resources.engine, info.context.services.kinds
        page = await load_page(engine, where, order, first=first, after=after, last=last, before=before)
        return TaskConnection(
            edges=[TaskEdge(cursor=encode_cursor(task, order), node=Task.of(task, kinds)) for task in page.tasks],
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=page.has_previous,
                start_cursor=page.first,
                end_cursor=page.last,
            ),
            searched_until=page.searched_until,
            count=Cached(partial(count, info.context.services, where)),
        )

    @strawberry.field(description="Who asks, as the token says that came.")
    async def viewer(self, info: OperationInfo) -> Viewer:
        return Viewer.of(info.context.viewer)

    @strawberry.field(description="Figures of the whole system, at most a second old.")
    async def stats(self, info: OperationInfo) -> Stats:
        return Stats.of(await info.context.services.stats.get())

    @strawberry.field(description="What ended lately, and how long it took. At most a thirtieth of a step old.")
    async def history(
        self, info: OperationInfo, span: Annotated[Span, argument("How far back.")] = Span.HOUR_1
    ) -> History:
        return History.of(await info.context.services.figures.history(span))

    @strawberry.field(description="Kinds that tasks have, in order; at most 200.")
    async def kinds(self, info: OperationInfo) -> list[str]:
        return await info.context.services.figures.kinds.get()

    @strawberry.field(
        description="Queues that tasks name (at most 200 of them), workers take from or somebody paused, in order."
    )
    async def queues(self, info: OperationInfo) -> list[Queue]:
        return [Queue.of(one) for one in await info.context.services.figures.queues.get()]

    @strawberry.field(
        description="Worker processes that were heard of lately, by host and start. At most a second old."
    )
    async def workers(self, info: OperationInfo) -> list[Worker]:
        return [Worker.of(one) for one in await info.context.services.figures.workers.get()]
