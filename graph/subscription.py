"""The subscriptions: what is, what was missed, then what comes."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Annotated, Final

import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine

from db import queries
from db.errors import StoreUnavailable, TaskNotFound
from db.models import Task
from db.queries import Filter
from graph.context import ContextInfo
from graph.inputs import FilterArgument, argument, to_filter
from graph.ledger import is_progress
from graph.live import Hub, News, from_history
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
        async with aclosing(source):
            async for event in source:
                yield event

    @strawberry.subscription(description="Present figures first, then again when they change, at most once a second.")
    async def stats(self, info: ContextInfo) -> AsyncGenerator[Stats, None]:
        last = await info.context.services.stats.get()
        yield Stats.of(last)
        while True:
            await asyncio.sleep(STATS_INTERVAL)
            with suppress(StoreUnavailable):  # the figures stand still until the database is back
                figures = await info.context.services.stats.get()
                if figures != last:
                    last = figures
                    yield Stats.of(figures)


def _event_id(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise InvalidInput((Problem("after", "takes the id of an event"),))
    return int(after)


async def _follow_one(
    engine: AsyncEngine, hub: Hub, task_id: str, where: Filter, after: int | None
) -> AsyncGenerator[TaskStatusEvent, None]:
    """The watcher stands before the row is read, and the last event's id is read before that: nothing falls between."""
    async with hub.watch(task_id) as watcher:
        last_id = await queries.last_event_id(engine, task_id) if after is None else after
        found = await queries.get(engine, [task_id])
        if task_id not in found:
            raise TaskNotFound(task_id)
        history = _replay(engine, last_id, task_id) if after is not None else _only(_present(found[task_id], last_id))
        shown = _Shown()
        async for event in history:
            last_id = event.event_id
            if shown.is_next(event) and matches(where, event):
                yield TaskStatusEvent.of(event)
        async for news in watcher:
            if news.event.version > shown.version + 1:
                async for event in _replay(engine, last_id, task_id):
                    if event.version < news.event.version and shown.is_next(event) and matches(where, event):
                        yield TaskStatusEvent.of(event)
            if shown.is_next(news.event):
                last_id = news.event.event_id
                if matches(where, news.event):
                    yield _shown(news)


@dataclass(slots=True)
class _Shown:
    """Of one task, what its watcher has."""

    version: int = -1
    progress: tuple[float | None, str | None] = (None, None)

    def is_next(self, event: StatusEvent) -> bool:
        """Newer, or other progress of the same attempt; it is then taken to be shown."""
        progress = event.progress, event.message
        if event.version < self.version or (event.version == self.version and progress == self.progress):
            return False
        self.version, self.progress = event.version, progress
        return True


async def _follow_all(
    engine: AsyncEngine, hub: Hub, where: Filter, after: int | None
) -> AsyncGenerator[TaskStatusEvent, None]:
    """What was missed is read before the watcher stands, whose queue need not hold it; then what came meanwhile."""
    start, lately = after, deque[int](maxlen=queries.OVERLAP_IDS)
    if after is not None:
        async for event in _replay(engine, await queries.replay_start(engine, after)):
            start = event.event_id
            lately.append(event.event_id)
            if matches(where, event):
                yield TaskStatusEvent.of(event)
    replayed: dict[str, int] = {}
    async with hub.watch() as watcher:
        if start is not None:
            async for event in _replay(engine, await queries.replay_start(engine, start)):
                replayed[event.task_id] = event.version
                if event.event_id not in lately and matches(where, event):
                    yield TaskStatusEvent.of(event)
        async for news in watcher:
            had = replayed.get(news.event.task_id, -1)
            is_news = news.event.version > had or (news.event.version == had and is_progress(news.event))
            if is_news and matches(where, news.event):
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
            yield from_history(change)
        after = page[-1].event_id
        if len(page) < REPLAY_AT_A_TIME:
            return


async def _only(event: StatusEvent) -> AsyncIterator[StatusEvent]:
    yield event


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
