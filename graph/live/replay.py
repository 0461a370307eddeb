"""What a subscriber gets: the present state or what it missed, then every change as it comes."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import queries
from taskflow.db.errors import TaskNotFound
from taskflow.db.models import StatusEvent
from taskflow.db.queries import Filter
from taskflow.db.words import is_found
from taskflow.graph.live.hub import Hub
from taskflow.graph.live.watcher import Behind, Lagged, News, Watcher
from taskflow.infra.events.news import is_news

REPLAY_AT_A_TIME: Final = 500
EVERYTHING: Final = Filter()


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
        told = _Told(present.event_id if after is None else after)
        source = _replay(engine, after, task_id) if after is not None else _only(News(present))
        while True:
            async for news in source:
                if told.is_next(news.event) and matches(where, news.event):
                    yield news
            source = _without_holes(engine, watcher, told, task_id)


async def _without_holes(engine: AsyncEngine, watcher: Watcher, told: "_Told", task_id: str) -> AsyncIterator[News]:
    """What comes, each version after the one before it; ends after what the queue could not hold."""
    try:
        async for news in watcher:
            if news.event.version > told.version + 1:
                async for missed in _replay(engine, told.event_id, task_id):
                    if missed.event.version < news.event.version:
                        yield missed
            yield news
    except Behind:
        watcher.restart()
        async for missed in _replay(engine, told.event_id, task_id):
            yield missed


class _Told:
    """Of one task, what its watcher has."""

    def __init__(self, event_id: int) -> None:
        self.event_id = event_id
        self.version = -1
        self._said: tuple[float | None, str | None] | None = None

    def is_next(self, event: StatusEvent) -> bool:
        """Whether it is news; it is then taken to be told."""
        news = is_news(event, self.version, self._said)
        if news:
            self.event_id, self.version = event.event_id, event.version
            self._said = event.progress, event.message
        return news


async def follow_all(
    engine: AsyncEngine, hub: Hub, where: Filter = EVERYTHING, after: int | None = None
) -> AsyncGenerator[News, None]:
    """Of all tasks that pass: what is recorded after the event `after`, then every change as it comes.

    Whoever reads slower than changes come is told from the database what its queue could not hold. Raises Lagged,
    StoreUnavailable.
    """
    async with hub.watch() as watcher:
        source: AsyncIterator[News] = watcher
        last = after or 0
        if after is not None:
            source = _missed(engine, watcher, watcher.ledger.after(after), after)
        while True:
            try:
                async for news in source:
                    last = news.event.event_id
                    if matches(where, news.event):
                        yield news
                source = watcher
            except Behind as behind:
                source = _missed(engine, watcher, watcher.ledger.since(behind.position), last)


async def _missed(engine: AsyncEngine, watcher: Watcher, missed: list[int] | None, last: int) -> AsyncIterator[News]:
    """The events named; or, where nobody knows them, all since `last`, and `watcher` goes on from before their end."""
    if missed is None:
        async for news in _since(engine, watcher, last):
            yield news
    else:
        watcher.restart()
        async for news in _named(engine, missed):
            yield news


async def _since(engine: AsyncEngine, watcher: Watcher, last: int) -> AsyncIterator[News]:
    """In the order of ids. What a page lacks, as it is committed later, the hub finds, and it is told after that page.

    Raises Lagged when nobody takes a page for so long that the hub has forgotten what came meanwhile.
    """
    ledger = watcher.ledger
    position, end = ledger.position, await queries.replay_start(engine, last)
    while True:
        watcher.skip(position)
        page = await queries.recorded(engine, after=end, limit=REPLAY_AT_A_TIME)
        for change in page:
            yield News.recorded(change)
        if len(page) < REPLAY_AT_A_TIME:
            return
        end = page[-1].event_id
        came, position = ledger.since(position), ledger.position
        if came is None:
            raise Lagged
        async for news in _named(engine, [one for one in came if one <= end]):
            yield news


async def _named(engine: AsyncEngine, ids: Sequence[int]) -> AsyncIterator[News]:
    for start in range(0, len(ids), REPLAY_AT_A_TIME):
        some = ids[start : start + REPLAY_AT_A_TIME]
        for change in await queries.recorded(engine, after=0, limit=len(some), among=some):
            yield News.recorded(change)


async def _replay(engine: AsyncEngine, after: int, task_id: str) -> AsyncIterator[News]:
    """What is recorded of a task after that id, to the present, a page at a time."""
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
