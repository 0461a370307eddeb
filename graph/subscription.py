"""The subscriptions: what is, what was missed, then what comes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Final

import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine

from db import queries
from db.errors import TaskNotFound
from db.models import Task
from db.queries import Filter
from graph.context import ContextInfo
from graph.inputs import FilterArgument, argument, to_filter
from graph.live import Hub, News
from graph.types import Stats, TaskStatusEvent
from graph.validate import InvalidInput, Problem
from infra.bus import StatusEvent

REPLAY_AT_A_TIME: Final = 500
STATS_INTERVAL: Final = 1.0


@strawberry.type(description="What can be watched.")
class Subscription:
    @strawberry.subscription(
        description="Every change of a task, or of all that pass the filter, in the order of versions, at least once."
    )
    async def task_status(
        self,
        info: ContextInfo,
        task_id: Annotated[strawberry.ID | None, argument("One task: its present state first.")] = None,
        filter: FilterArgument = None,
        after: Annotated[strawberry.ID | None, argument("An event's id: first what was missed since then.")] = None,
    ) -> AsyncGenerator[TaskStatusEvent, None]:
        services = info.context.services
        engine, where, since = services.resources.engine, to_filter(filter), _event_id(after)
        if task_id is None:
            source = _follow_all(engine, services.hub, where, since)
        else:
            source = _follow_one(engine, services.hub, task_id, where, since)
        async for event in source:
            yield event

    @strawberry.subscription(description="Present figures first, then again when they change, at most once a second.")
    async def stats(self, info: ContextInfo) -> AsyncGenerator[Stats, None]:
        last = None
        while True:
            figures = await info.context.services.stats.get()
            if figures != last:
                yield Stats.of(figures)
                last = figures
            await asyncio.sleep(STATS_INTERVAL)


def _event_id(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise InvalidInput((Problem("after", "takes the id of an event"),))
    return int(after)


async def _follow_one(
    engine: AsyncEngine, hub: Hub, task_id: str, where: Filter, after: int | None
) -> AsyncIterator[TaskStatusEvent]:
    """The watcher stands before the row is read, so nothing falls between the two."""
    with hub.watch(task_id) as watcher:
        found = await queries.get(engine, [task_id])
        if task_id not in found:
            raise TaskNotFound(task_id)
        version, progress = 0, None
        if after is None:
            event_id = await queries.last_event_id(engine, task_id)
            version, progress = found[task_id].version, (found[task_id].progress, found[task_id].message)
            if matches(where, _present(found[task_id], event_id)):
                yield TaskStatusEvent.of_task(found[task_id], event_id)
        else:
            async for event in _replay(engine, after, task_id):
                version = event.version
                if matches(where, event):
                    yield TaskStatusEvent.of(event)
        async for news in watcher:
            event, latest = news.event, (news.event.progress, news.event.message)
            if event.version > version or (event.version == version and latest != progress):
                version, progress = event.version, latest
                if matches(where, event):
                    yield _shown(news)


async def _follow_all(
    engine: AsyncEngine, hub: Hub, where: Filter, after: int | None
) -> AsyncIterator[TaskStatusEvent]:
    replayed: dict[str, int] = {}
    if after is not None:
        start = await queries.replay_start(engine, after)
        async for event in _replay(engine, start):
            start = event.event_id
            if matches(where, event):
                yield TaskStatusEvent.of(event)
        after = await queries.replay_start(engine, start)
    with hub.watch() as watcher:
        if after is not None:
            async for event in _replay(engine, after):
                replayed[event.task_id] = event.version
                if event.event_id > start and matches(where, event):
                    yield TaskStatusEvent.of(event)
        async for news in watcher:
            if news.event.version > replayed.get(news.event.task_id, 0) and matches(where, news.event):
                yield _shown(news)


def _shown(news: News) -> TaskStatusEvent:
    """The same object for every watcher, so that they share one execution."""
    if news.shown is None:
        news.shown = TaskStatusEvent.of(news.event)
    shown: TaskStatusEvent = news.shown
    return shown


async def _replay(engine: AsyncEngine, after: int, task_id: str | None = None) -> AsyncIterator[StatusEvent]:
    """What is recorded after that id, to the present, a page at a time."""
    while page := await queries.recorded(engine, after=after, limit=REPLAY_AT_A_TIME, task_id=task_id):
        for change in page:
            yield StatusEvent.of(change)
        after = page[-1].event_id
        if len(page) < REPLAY_AT_A_TIME:
            return


def _present(task: Task, event_id: int) -> StatusEvent:
    return StatusEvent(
        event_id=event_id,
        task_id=task.id,
        status=task.status,
        version=task.version,
        attempt=task.attempt,
        message=task.message,
        progress=task.progress,
        updated_at=task.updated_at,
        title=task.title,
        kind=task.kind,
        queue=task.queue,
        created_at=task.created_at,
    )


def matches(where: Filter, event: StatusEvent) -> bool:
    """The same question as the list's, asked of an event."""
    return (
        (not where.statuses or event.status in where.statuses)
        and (not where.kinds or event.kind in where.kinds)
        and (not where.queues or event.queue in where.queues)
        and (where.created_after is None or event.created_at >= where.created_after)
        and (where.created_before is None or event.created_at < where.created_before)
        and (where.search is None or _is_found(where.search, event))
    )


def _is_found(search: str, event: StatusEvent) -> bool:
    if search == event.task_id:
        return True
    sought, words = queries.search_words(search), queries.search_words(event.title)
    return bool(sought) and all(any(word.startswith(one) for word in words) for one in sought)
