"""The hub: one bus subscription for the whole process, each message decoded once and fanned out to bounded queues.

The bus is a hint. What it did not bring is read from `task_events`: at once where a task's versions show a hole, and by
comparing ids every other second while anybody watches. Nothing is decoded or read once nobody has for that long.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable, TaskFlowError
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent
from taskflow.graph.live.ledger import Ledger
from taskflow.infra.background import supervised
from taskflow.infra.bus import GAP, STATUS_CHANNEL, Bus
from taskflow.infra.events.status import decode, encode

logger = logging.getLogger("taskflow.live")

BUFFER: Final = 1000
"""Events that a watcher may be behind."""
COMPARE_EVERY: Final = timedelta(seconds=2)
IDS_AT_A_TIME: Final = 5000
EVENTS_AT_A_TIME: Final = 500


class Lagged(TaskFlowError):
    """A watcher read too slowly, and its queue is full."""

    def __str__(self) -> str:
        return "This subscriber reads too slowly. Subscribe again, with `after` the last event's id."


@dataclass(eq=False)
class News:
    """One event as every watcher gets it: as data, as the text of a frame, and as the schema shows it."""

    event: StatusEvent
    shown: Any = None

    @cached_property
    def text(self) -> str:
        return encode(self.event).decode()

    @classmethod
    def recorded(cls, event: StatusEvent) -> Self:
        """As it was when it was recorded: the row's progress belongs to what came later, unless this is its end."""
        return cls(event if event.status is TaskStatus.DONE else replace(event, progress=None))


class Watcher:
    """One subscriber's queue: news in order. Raises Lagged, once, when it overflowed."""

    def __init__(self) -> None:
        self._news: deque[News] = deque()
        self._changed = asyncio.Event()
        self._lagged = False

    def put(self, news: News) -> None:
        """Nothing more once something was lost: the last event that was read is then where to resume."""
        if len(self._news) >= BUFFER:
            self._lagged = True
        if not self._lagged:
            self._news.append(news)
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> News:
        while not self._news:
            if self._lagged:
                raise Lagged
            self._changed.clear()
            await self._changed.wait()
        return self._news.popleft()


class Hub:
    def __init__(self, engine: AsyncEngine, bus: Bus) -> None:
        self._engine = engine
        self._bus = bus
        self._by_task: dict[str, set[Watcher]] = {}
        self._of_all: set[Watcher] = set()
        self._ledger: Ledger | None = None
        self._beginning = asyncio.Lock()
        self._comparing = asyncio.Lock()
        self._order = asyncio.Lock()

    @property
    def watchers(self) -> int:
        return len(self._of_all) + sum(map(len, self._by_task.values()))

    @asynccontextmanager
    async def watch(self, task_id: str | None = None) -> AsyncIterator[Watcher]:
        """Every change that is recorded from here on, of one task or of all. Raises StoreUnavailable."""
        watcher = Watcher()
        async with self._beginning:
            self._ledger = self._ledger or await self._begin()
            group = self._of_all if task_id is None else self._by_task.setdefault(task_id, set())
            group.add(watcher)
        try:
            yield watcher
        finally:
            group.discard(watcher)
            if task_id is not None and not group:
                self._by_task.pop(task_id, None)

    async def _begin(self) -> Ledger:
        """For the first watcher: what is recorded by now, and from where to look for what is committed late."""
        since = datetime.now(UTC)
        mark = await queries.last_event_id(self._engine) - queries.OVERLAP_IDS
        seen = await queries.event_ids(self._engine, after=mark, limit=IDS_AT_A_TIME)
        return Ledger(mark, seen, since=since, at=time.monotonic())

    async def listen(self) -> None:
        """Fan out what the bus brings, for ever."""
        async with self._bus.subscribe(STATUS_CHANNEL) as messages:
            async for message in messages:
                if message is GAP:
                    await self._compare_safely()
                elif self._ledger:
                    await self._hear(self._ledger, message)

    async def _hear(self, ledger: Ledger, message: bytes) -> None:
        try:
            news = News(decode(message))
        except ValueError:
            logger.warning("not a status event on the bus: ignored")
            return
        news.text = message.decode()
        try:
            await self._take(ledger, news)
        except StoreUnavailable:
            logger.warning("an event waits for those before it: the database is away")
        except Exception:  # the next comparison delivers it; those after it must not be lost
            logger.exception("an event was not delivered")

    async def compare_for_ever(self, every: timedelta) -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            await self._compare_safely()

    async def _compare_safely(self) -> None:
        try:
            async with self._comparing:
                if not self.watchers:
                    self._ledger = None  # not as the last one goes: who waits for one task after another begins once
                elif self._ledger:
                    await self._compare(self._ledger)
        except StoreUnavailable:
            logger.warning("can't look for missed events: the database is away")
        except Exception:
            logger.exception("can't look for missed events")

    async def _compare(self, ledger: Ledger) -> None:
        """Deliver what is recorded since the oldest mark and did not come over the bus."""
        newest = ledger.mark
        while ids := await queries.event_ids(self._engine, after=newest, limit=IDS_AT_A_TIME):
            newest = ids[-1]
            missing = ledger.unseen(ids)
            for start in range(0, len(missing), EVENTS_AT_A_TIME):
                some = missing[start : start + EVENTS_AT_A_TIME]
                for change in await queries.recorded(self._engine, after=0, limit=len(some), among=some):
                    await self._take(ledger, News.recorded(change))
        ledger.compared(newest, time.monotonic())

    async def _take(self, ledger: Ledger, news: News) -> None:
        """Deliver in the order of versions: first what is missing before this one, and nothing twice."""
        async with self._order:
            if ledger.is_news(news.event):
                for missed in await self._missed(ledger, news.event):
                    self._deliver(ledger, missed)
                self._deliver(ledger, news)
            ledger.note(news.event)

    async def _missed(self, ledger: Ledger, event: StatusEvent) -> list[News]:
        last = ledger.missing_before(event)
        if last is None:
            return []
        found = await queries.recorded(self._engine, after=last.event_id, limit=BUFFER, task_id=event.task_id)
        between = [change for change in found if last.version < change.version < event.version]
        return [News.recorded(change) for change in between if ledger.unseen([change.event_id])]

    def _deliver(self, ledger: Ledger, news: News) -> None:
        ledger.note(news.event)
        if ledger is self._ledger:  # else whoever watches by now began later
            for watcher in [*self._of_all, *self._by_task.get(news.event.task_id, ())]:
                watcher.put(news)


@asynccontextmanager
async def open_hub(engine: AsyncEngine, bus: Bus, *, compare_every: timedelta = COMPARE_EVERY) -> AsyncIterator[Hub]:
    hub = Hub(engine, bus)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(supervised(hub.listen, name="listen"))
        await stack.enter_async_context(supervised(lambda: hub.compare_for_ever(compare_every), name="compare"))
        yield hub
