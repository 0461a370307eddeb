"""The subscriptions: what live/ follows, as the schema shows it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Annotated, Final

import strawberry

from taskflow.db.errors import StoreUnavailable
from taskflow.graph.live.replay import follow_all, follow_one
from taskflow.graph.live.watcher import News
from taskflow.graph.schema.inputs import FilterArgument, argument, to_filter
from taskflow.graph.schema.types import Stats, TaskStatusEvent
from taskflow.graph.services import OperationInfo
from taskflow.infra.input import InvalidInput, Problem

STATS_INTERVAL: Final = 1.0


@strawberry.type(description="What can be watched.")
class Subscription:
    @strawberry.subscription(
        description="Every change of a task, or of all that pass the filter, in the order of versions, at least once."
    )
    async def task_status(
        self,
        info: OperationInfo,
        task_id: Annotated[strawberry.ID | None, argument("One task: its present state first.")] = None,
        filter: FilterArgument = None,
        after: Annotated[strawberry.ID | None, argument("An event's id: first what was missed since then.")] = None,
    ) -> AsyncGenerator[TaskStatusEvent, None]:
        services = info.context.services
        engine, where, since = services.resources.engine, to_filter(filter), _event_id(after)
        if task_id is None:
            source = follow_all(engine, services.hub, where, since)
        else:
            source = follow_one(engine, services.hub, task_id, where, since)
        async with aclosing(source):
            async for news in source:
                yield _shown(news)

    @strawberry.subscription(description="Present figures first, then again when they change, at most once a second.")
    async def stats(self, info: OperationInfo) -> AsyncGenerator[Stats, None]:
        """Once every watch that was asked for before it has begun: what a client reads from then on lacks no change."""
        await info.context.services.hub.begun()
        last = await info.context.services.stats.get()
        yield Stats.of(last)
        while True:
            await asyncio.sleep(STATS_INTERVAL)
            with suppress(StoreUnavailable):  # the figures stay as they are until the database is back
                figures = await info.context.services.stats.get()
                if figures != last:
                    last = figures
                    yield Stats.of(figures)


def _shown(news: News) -> TaskStatusEvent:
    """The same object for every watcher of the same news, so that they share one execution."""
    if news.shown is None:
        news.shown = TaskStatusEvent.of(news.event)
    shown: TaskStatusEvent = news.shown
    return shown


def _event_id(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise InvalidInput((Problem("after", "takes the id of an event"),))
    return int(after)
