"""What the metrics tell of the database: read when somebody scrapes, one reading at a time, and nobody waits long."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import CancelledError as Abandoned
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from taskflow.db import backlog, figures, letters, storage
from taskflow.db.errors import StoreUnavailable
from taskflow.db.workers import known_kinds
from taskflow.infra.background import supervised
from taskflow.infra.metrics import NAMES_MAX, Values
from taskflow.infra.resources import Resources

logger = logging.getLogger("taskflow.metrics")

FRESH: Final = timedelta(seconds=3)
REST_PER_COST: Final = 20
"""A reading stands for twenty times as long as it took: it costs the database a twentieth of one connection at most."""
LONGEST: Final = timedelta(seconds=2)
"""What a scrape waits for a reading."""
LEARN_KINDS: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Reading:
    at: datetime
    queues: Mapping[str, backlog.Waiting | None]
    outbox: backlog.Outbox
    dead_letters: int
    sizes: Mapping[str, storage.Size]


class Readings:
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._loop = asyncio.get_running_loop()
        self._reading: asyncio.Task[Reading] | None = None
        self._good_until = 0.0

    def gauges(self) -> Iterable[tuple[str, Values]]:
        """In any thread but the loop's. What the database does not tell in time is left out."""
        reading = self._wait()
        yield "taskflow_database_up", {(): float(reading is not None)}
        if reading is not None:
            yield from _shown(reading)

    def _wait(self) -> Reading | None:
        asking = asyncio.run_coroutine_threadsafe(self.get(), self._loop)
        try:
            return asking.result(LONGEST.total_seconds())
        except (TimeoutError, Abandoned):
            asking.cancel()
            return None

    async def get(self) -> Reading | None:
        """One that is fresh enough; None when the database did not give it. A caller that leaves ends no reading."""
        if self._reading is None or (self._reading.done() and time.monotonic() >= self._good_until):
            self._reading = asyncio.create_task(self._read(), name="readings")
            self._reading.add_done_callback(_report)
        reading = self._reading
        await asyncio.wait([reading])
        return None if reading.cancelled() or reading.exception() else reading.result()

    async def _read(self) -> Reading:
        self._good_until = 0.0
        resources, engine, began = self._resources, self._resources.engine, time.monotonic()
        now = resources.clock.now()
        waiting, outbox = await backlog.backlog(engine, now)
        names = dict.fromkeys([*waiting, *resources.settings.worker_queues, *await figures.queues(engine)])
        queues = {name: waiting.get(name) for name in [*names][:NAMES_MAX]}
        dead = await letters.count(engine)
        reading = Reading(now, queues, outbox, dead, await storage.sizes(engine))
        ended = time.monotonic()
        self._good_until = ended + max(FRESH.total_seconds(), REST_PER_COST * (ended - began))
        return reading

    async def learn_kinds(self) -> None:
        """Which kinds workers run, for ever: those of others share a label."""
        while True:
            with suppress(StoreUnavailable):  # `read` has logged it
                kinds = await known_kinds(self._resources.engine)
                self._resources.metrics.kinds.know(sorted(kind.name for kind in kinds)[:NAMES_MAX])
            await asyncio.sleep(LEARN_KINDS.total_seconds())

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])


def _report(done: asyncio.Task[Reading]) -> None:
    """Also when nobody waited for it until then."""
    error = None if done.cancelled() else done.exception()
    if error and not isinstance(error, StoreUnavailable):  # which `read` has logged
        logger.error("the database's figures can't be read", exc_info=error)


def _shown(reading: Reading) -> Iterable[tuple[str, Values]]:
    def age(since: datetime | None) -> float:
        return 0.0 if since is None else max((reading.at - since).total_seconds(), 0.0)

    queues = reading.queues.items()
    yield "taskflow_queue_depth", {(name,): one.count if one else 0 for name, one in queues}
    yield "taskflow_queue_oldest_due_seconds", {(name,): age(one.since if one else None) for name, one in queues}
    yield "taskflow_outbox_backlog", {(): reading.outbox.count}
    yield "taskflow_outbox_oldest_due_seconds", {(): age(reading.outbox.since)}
    yield "taskflow_dead_letters", {(): reading.dead_letters}
    yield "taskflow_table_rows", {(name,): one.rows for name, one in reading.sizes.items() if one.rows is not None}
    yield "taskflow_table_bytes", {(name,): one.size for name, one in reading.sizes.items()}


@asynccontextmanager
async def open_readings(resources: Resources) -> AsyncIterator[None]:
    """Shown among the metrics of `resources` while this is open."""
    readings = Readings(resources)
    async with supervised(readings.learn_kinds, name="kinds"):
        try:
            with resources.metrics.showing(readings.gauges):
                yield
        finally:
            await readings.close()
