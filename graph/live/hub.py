"""The hub: one bus subscription for the whole process, each message decoded once and fanned out to bounded queues.

The bus is a hint. What it did not bring is read from `task_events`: at once where a task's versions show a hole, and by
comparing ids every other second while anybody watches. Nothing is decoded or read once nobody has for a minute.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.db.models import StatusEvent
from taskflow.graph.live.ledger import Ledger
from taskflow.graph.live.watcher import Lagged, News, Watcher
from taskflow.infra.background import supervised
from taskflow.infra.bus import GAP, STATUS_CHANNEL, Bus
from taskflow.infra.clock import Clock
from taskflow.infra.events.status import decode
from taskflow.infra.liveness import Liveness
from taskflow.infra.metrics import Metrics, Values

logger = logging.getLogger("taskflow.live")

LOOP: Final = "watching"
COMPARE_EVERY: Final = timedelta(seconds=2)
KEPT: Final = timedelta(minutes=1)
"""How long the order in which events came is remembered for somebody who was the last to watch, and comes again."""
IDS_AT_A_TIME: Final = 5000
EVENTS_AT_A_TIME: Final = 500
DELIVERED_AT_A_TIME: Final = 50
"""Then the loop is given back, and those who read catch up."""


class Hub:
    def __init__(self, engine: AsyncEngine, bus: Bus, clock: Clock, liveness: Liveness, metrics: Metrics) -> None:
        self._metrics = metrics
        self._engine = engine
        self._clock = clock
        self._bus = bus
        self._liveness = liveness
        self._by_task: dict[str, set[Watcher]] = {}
        self._of_all: set[Watcher] = set()
        self._ledger: Ledger | None = None
        self._delivered = 0
        self._left_at = 0.0
        self._beginning = asyncio.Lock()
        self._comparing = asyncio.Lock()
        self._order = asyncio.Lock()

    @property
    def watchers(self) -> int:
        return len(self._of_all) + sum(map(len, self._by_task.values()))

    @asynccontextmanager
    async def watch(self, task_id: str | None = None) -> AsyncIterator[Watcher]:
        """Every change that is recorded from here on, of one task or of all. Raises StoreUnavailable."""
        async with self._beginning:
            self._ledger = self._ledger or await self._begin()
            watcher = Watcher(self._ledger)
            group = self._of_all if task_id is None else self._by_task.setdefault(task_id, set())
            group.add(watcher)
        self._metrics.subscribers.inc()
        try:
            yield watcher
        except Lagged:
            self._metrics.lagged.inc()
            raise
        finally:
            self._metrics.subscribers.dec()
            self._left_at = time.monotonic()
            group.discard(watcher)
            if task_id is not None and not group:
                self._by_task.pop(task_id, None)

    async def begun(self) -> None:
        """Wait until whoever is beginning to watch does."""
        async with self._beginning:
            return

    def lag(self) -> Iterable[tuple[str, Values]]:
        """As a gauge, read in any thread."""
        watchers = [*self._of_all, *(one for group in [*self._by_task.values()] for one in [*group])]
        yield "taskflow_subscription_lag_seconds", {(): max((one.lag() for one in watchers), default=0.0)}

    async def _begin(self) -> Ledger:
        """For the first watcher: what is recorded by now, and from where to look for what is committed late."""
        since, at = self._clock.now(), time.monotonic()
        mark, _ = await queries.ended_before(self._engine, await queries.last_event_id(self._engine))
        ledger, after = Ledger(mark, since=since, at=at), mark
        while seen := await queries.event_keys(self._engine, after=after, limit=IDS_AT_A_TIME):
            for event_id, task_id, version in seen:
                ledger.note_before(event_id, task_id, version)
            after = seen[-1][0]
        return ledger

    async def _ids(self, after: int) -> AsyncIterator[list[int]]:
        """Of everything recorded after that id, a page at a time."""
        while ids := await queries.event_ids(self._engine, after=after, limit=IDS_AT_A_TIME):
            yield ids
            after = ids[-1]

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
            self._liveness.note(LOOP)

    async def _compare_safely(self) -> None:
        try:
            async with self._comparing:
                if not self.watchers and time.monotonic() - self._left_at > KEPT.total_seconds():
                    self._ledger = None
                elif self._ledger:
                    await self._compare(self._ledger)
        except StoreUnavailable:
            logger.warning("can't look for missed events: the database is away")
        except Exception:
            logger.exception("can't look for missed events")

    async def _compare(self, ledger: Ledger) -> None:
        """Deliver what is recorded since the oldest mark and did not come over the bus."""
        newest = ledger.mark
        async for ids in self._ids(newest):
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
            ledger.note(news.event, is_found=news.is_found)
        self._delivered += 1
        if self._delivered % DELIVERED_AT_A_TIME == 0:
            await asyncio.sleep(0)

    async def _missed(self, ledger: Ledger, event: StatusEvent) -> list[News]:
        last = ledger.missing_before(event)
        if last is None:
            return []
        limit = event.version - last.version
        found = await queries.recorded(self._engine, after=last.event_id, limit=limit, task_id=event.task_id)
        between = [change for change in found if last.version < change.version < event.version]
        return [News.recorded(change) for change in between if ledger.unseen([change.event_id])]

    def _deliver(self, ledger: Ledger, news: News) -> None:
        position = ledger.position
        self._metrics.event_delay.observe(max((self._clock.now() - news.event.updated_at).total_seconds(), 0.0))
        ledger.note(news.event, is_found=news.is_found)
        if ledger is self._ledger:  # else whoever watches by now began later
            for watcher in [*self._of_all, *self._by_task.get(news.event.task_id, ())]:
                watcher.put(news, position)


@asynccontextmanager
async def open_hub(
    engine: AsyncEngine,
    bus: Bus,
    clock: Clock,
    liveness: Liveness,
    metrics: Metrics,
    *,
    compare_every: timedelta = COMPARE_EVERY,
) -> AsyncIterator[Hub]:
    hub = Hub(engine, bus, clock, liveness, metrics)
    async with AsyncExitStack() as stack:
        stack.enter_context(metrics.showing(hub.lag))
        stack.callback(liveness.forget, LOOP)
        await stack.enter_async_context(supervised(hub.listen, name="listen"))
        await stack.enter_async_context(supervised(lambda: hub.compare_for_ever(compare_every), name="compare"))
        yield hub
