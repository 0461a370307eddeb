"""What a subscriber gets: the present state or what it missed, then every change as it comes."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import queries
from taskflow.db.errors import TaskNotFound
from taskflow.db.models import StatusEvent
from taskflow.db.queries import Filter
from taskflow.db.words import is_found
from taskflow.graph.live.hub import Hub, News
from taskflow.infra.events.news import is_news

REPLAY_AT_A_TIME: Final = 500


async def follow_one(
    engine: AsyncEngine, hub: Hub, task_id: str, where: Filter, after: int | None
) -> AsyncGenerator[News, None]:
    """Of one task: its present state first, or what is recorded after the event `after`.

    The hub watches before the row is read: nothing falls between. Raises TaskNotFound, Lagged, StoreUnavailable.
    """
    async with hub.watch(task_id) as watcher:
        present = await queries.present(engine, task_id)
        if present is None:
            raise TaskNotFound(task_id)
        last_id = present.event_id if after is None else after
        history = _replay(engine, last_id, task_id) if after is not None else _only(News(present))
        told = _Told()
        async for news in history:
            last_id = news.event.event_id
            if told.is_next(news.event) and matches(where, news.event):
                yield news
        async for news in watcher:
            if news.event.version > told.version + 1:
                async for missed in _replay(engine, last_id, task_id):
                    before = missed.event.version < news.event.version
                    if before and told.is_next(missed.event) and matches(where, missed.event):
                        yield missed
            if told.is_next(news.event):
                last_id = news.event.event_id
                if matches(where, news.event):
                    yield news


class _Told:
    """Of one task, what its watcher has."""

    def __init__(self) -> None:
        self.version = -1
        self._said: tuple[float | None, str | None] | None = None

    def is_next(self, event: StatusEvent) -> bool:
        """Whether it is news; it is then taken to be told."""
        news = is_news(event, self.version, self._said)
        if news:
            self.version, self._said = event.version, (event.progress, event.message)
        return news


async def follow_all(engine: AsyncEngine, hub: Hub, where: Filter, after: int | None) -> AsyncGenerator[News, None]:
    """Of all tasks that pass: what is recorded after the event `after`, then every change as it comes.

    What was missed is read before the hub watches, whose queue need not hold it; then what came meanwhile. Raises
    Lagged, StoreUnavailable.
    """
    start, lately = after, deque[int](maxlen=queries.OVERLAP_IDS)
    if after is not None:
        async for news in _replay(engine, await queries.replay_start(engine, after)):
            start = news.event.event_id
            lately.append(start)
            if matches(where, news.event):
                yield news
    replayed: dict[str, int] = {}
    async with hub.watch() as watcher:
        if start is not None:
            async for news in _replay(engine, await queries.replay_start(engine, start)):
                replayed[news.event.task_id] = news.event.version
                if news.event.event_id not in lately and matches(where, news.event):
                    yield news
        async for news in watcher:
            if is_news(news.event, replayed.get(news.event.task_id, -1)) and matches(where, news.event):
                yield news


async def _replay(engine: AsyncEngine, after: int, task_id: str | None = None) -> AsyncIterator[News]:
    """What is recorded after that id, to the present, a page at a time."""
    while page := await queries.recorded(engine, after=after, limit=REPLAY_AT_A_TIME, task_id=task_id):
        for event in page:
            yield News.recorded(event)
        after = page[-1].event_id
        if len(page) < REPLAY_AT_A_TIME:
            return


async def _only(news: News) -> AsyncIterator[News]:
    yield news


def matches(where: Filter, event: StatusEvent) -> bool:
    """The same question as the list's, asked of an event."""
    return (
        (not where.statuses or event.status in where.statuses)
        and (not where.kinds or event.kind in where.kinds)
        and (not where.queues or event.queue in where.queues)
        and (where.created_after is None or event.created_at >= where.created_after)
        and (where.created_before is None or event.created_at < where.created_before)
        and (where.search is None or where.search == event.task_id or is_found(where.search, event.title))
    )
