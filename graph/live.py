"""The hub: one bus subscription for the whole process, each message decoded once and fanned out to bounded queues.

The bus is a hint. What it did not bring is read from `task_events`: at once where a task's versions show a hole, and by
comparing ids every other second while anybody watches. Nothing is decoded or read while nobody does.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from db import queries
from db.errors import StoreUnavailable, TaskFlowError
from infra.bus import GAP, STATUS_CHANNEL, Bus, StatusEvent

logger = logging.getLogger("taskflow.live")

BUFFER: Final = 1000
"""Events that a watcher may be behind."""
RECONCILE_INTERVAL: Final = 2.0
"""Seconds between two comparisons with `task_events`."""
ROUNDS_KEPT: Final = 3
"""Comparisons that an id is looked for, since ids commit out of order."""
IDS_AT_A_TIME: Final = 5000
VERSIONS_KEPT: Final = 100_000


class Lagged(TaskFlowError):
    """A watcher read too slowly, and its queue is full."""

    def __str__(self) -> str:
        return "This subscriber reads too slowly. Subscribe again, with `after` the last event's id."


@dataclass(slots=True, eq=False)
class News:
    """One event as every watcher gets it: the frame of the bus; what GraphQL shows of it, made by the first to ask."""

    event: StatusEvent
    frame: bytes
    shown: Any = None


class Watcher:
    """One subscriber's queue: news in order. Raises Lagged, once, when it overflowed."""

    def __init__(self, task_id: str | None) -> None:
        self.task_id = task_id
        self._news: deque[News] = deque()
        self._changed = asyncio.Event()
        self._lagged = False

    def put(self, news: News) -> None:
        if len(self._news) < BUFFER:
            self._news.append(news)
        else:
            self._lagged = True
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
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._seen: set[int] = set()
        self._marks: deque[int] = deque()
        self._since = datetime.now(UTC)
        self._someone = asyncio.Event()
        self._order = asyncio.Lock()

    @contextmanager
    def watch(self, task_id: str | None = None) -> Iterator[Watcher]:
        """Every change from here on, of one task or of all."""
        if not self._someone.is_set():
            self._begin()
        watcher = Watcher(task_id)
        group = self._of_all if task_id is None else self._by_task.setdefault(task_id, set())
        group.add(watcher)
        try:
            yield watcher
        finally:
            group.discard(watcher)
            if task_id is not None and not group:
                self._by_task.pop(task_id, None)
            if not self._of_all and not self._by_task:
                self._someone.clear()

    def _begin(self) -> None:
        """The first watcher is there: what was known of versions is stale."""
        self._versions.clear()
        self._seen.clear()
        self._marks.clear()
        self._since = datetime.now(UTC)
        self._someone.set()

    async def listen(self) -> None:
        """Fan out what the bus brings, for ever."""
        async with self._bus.subscribe(STATUS_CHANNEL) as messages:
            async for message in messages:
                if message is GAP:
                    await self._reconcile_safely()
                elif self._someone.is_set():
                    try:
                        await self._take(StatusEvent.decode(message), message)
                    except ValueError:
                        logger.warning("not a status event on the bus: ignored")
                    except StoreUnavailable:
                        logger.warning("an event waits for those before it: the database is away")
                    except Exception:  # the next comparison delivers it; those after it must not be lost
                        logger.exception("an event was not delivered")

    async def reconcile_for_ever(self) -> None:
        while True:
            await self._someone.wait()
            await self._reconcile_safely()
            await asyncio.sleep(RECONCILE_INTERVAL)

    async def _reconcile_safely(self) -> None:
        try:
            if self._someone.is_set():
                await self._reconcile()
        except StoreUnavailable:
            logger.warning("can't look for missed events: the database is away")
        except Exception:
            logger.exception("can't look for missed events")

    async def _reconcile(self) -> None:
        """Deliver what is recorded since the oldest mark and did not come over the bus."""
        if not self._marks:
            self._marks.append(await queries.last_event_id(self._engine))
            return
        newest = self._marks[0]
        while ids := await queries.event_ids(self._engine, after=newest, limit=IDS_AT_A_TIME):
            newest = ids[-1]
            missing = [one for one in ids if one not in self._seen]
            for start in range(0, len(missing), 500):
                some = missing[start : start + 500]
                for change in await queries.recorded(self._engine, after=0, limit=500, among=some):
                    await self._take(event := StatusEvent.of(change), event.encode())
        self._marks.append(newest)
        if len(self._marks) > ROUNDS_KEPT:
            self._marks.popleft()
            self._seen = {one for one in self._seen if one > self._marks[0]}

    async def _take(self, event: StatusEvent, frame: bytes) -> None:
        """Deliver in the order of versions: first what is missing before this one, and nothing twice."""
        async with self._order:
            await self._take_in_order(event, frame)

    async def _take_in_order(self, event: StatusEvent, frame: bytes) -> None:
        last = self._versions.get(event.task_id)
        if last is None and event.created_at >= self._since:
            last = 0
        if last is not None and event.version > last + 1:
            await self._fill(event.task_id, last, event.version)
            last = self._versions.get(event.task_id, last)
        if last is not None and (event.version < last or (event.version == last and not _is_progress(event))):
            self._seen.add(event.event_id)
            return
        self._deliver(event, frame)

    async def _fill(self, task_id: str, after: int, before: int) -> None:
        changes = await queries.recorded(self._engine, after=0, limit=BUFFER, task_id=task_id)
        for change in changes:
            if after < change.version < before:
                self._deliver(event := StatusEvent.of(change), event.encode())

    def _deliver(self, event: StatusEvent, frame: bytes) -> None:
        self._seen.add(event.event_id)
        self._versions[event.task_id] = event.version
        self._versions.move_to_end(event.task_id)
        if len(self._versions) > VERSIONS_KEPT:
            self._versions.popitem(last=False)
        news = News(event, frame)
        for watcher in self._of_all:
            watcher.put(news)
        for watcher in self._by_task.get(event.task_id, ()):
            watcher.put(news)


def _is_progress(event: StatusEvent) -> bool:
    """News of a running attempt comes under the version of its start."""
    return event.status == "PROCESSING" and (event.progress is not None or event.message is not None)


@asynccontextmanager
async def open_hub(engine: AsyncEngine, bus: Bus) -> AsyncIterator[Hub]:
    hub = Hub(engine, bus)
    loops = [asyncio.create_task(hub.listen()), asyncio.create_task(hub.reconcile_for_ever())]
    try:
        yield hub
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.wait(loops)
