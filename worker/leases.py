"""Keeps what runs here alive, from a thread with an event loop and a connection of its own.

A handler that blocks the worker's loop does not block this. What a heartbeat learns, that a task is lost or is to be
cancelled, is carried out in the worker's loop.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.errors import StoreUnavailable
from taskflow.db.leases import Held, Lease, extend_leases
from taskflow.infra.background import is_set_within, supervised
from taskflow.infra.database import create_engine
from taskflow.worker.executor import Executor
from taskflow.worker.presence import Presence
from taskflow.worker.running import RunningAttempt

logger = structlog.get_logger("taskflow.worker")

HEARTBEATS_A_LEASE: Final = 3
AGAIN: Final = 1.0
"""Seconds before a heartbeat that failed is tried again; one that took longer is followed by another at once."""
LOOK_EVERY: Final = 0.25
BLOCKED: Final = 1.0
"""Seconds after which a loop that does not turn is reported."""
JOIN: Final = 5.0


class LeaseKeeper:
    def __init__(self, executor: Executor, presence: Presence) -> None:
        self._executor = executor
        self._presence = presence
        self._worker_loop = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._locked: set[str] = set()
        self._found_locked = asyncio.Event()

    def run(self) -> None:
        """The thread: until `stop`."""
        try:
            self._loop.run_until_complete(self._keep())
        finally:
            self._loop.close()

    def note_stopping(self) -> None:
        """Whoever looks at the list of workers sees at once that this one takes nothing more."""
        self._presence.is_stopping = True
        self._call(self._presence.note_change)

    def stop(self) -> None:
        self._call(self._presence.end)
        self._call(self._stopping.set)

    def _call(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the thread has ended already
            self._loop.call_soon_threadsafe(what)

    async def _keep(self) -> None:
        engine = create_engine(self._executor.resources.settings.db_url, pool_size=2)
        try:
            async with (
                supervised(lambda: self._beat_for_ever(engine), name="heartbeat") as beating,
                supervised(lambda: self._presence.keep(engine), name="list of workers") as listed,
                supervised(lambda: self._wait_for_locked(engine), name="heartbeat of locked rows"),
                supervised(self._watch_loop, name="watch of the event loop"),
            ):
                await self._stopping.wait()
                await asyncio.wait([beating, listed], timeout=JOIN)  # a statement that is cut off costs its connection
        finally:
            await engine.dispose()

    async def _beat_for_ever(self, engine: AsyncEngine) -> None:
        interval = self._executor.resources.settings.worker_lease.total_seconds() / HEARTBEATS_A_LEASE
        wait, metrics = interval, self._executor.resources.metrics
        while not await is_set_within(self._stopping, wait):
            began = time.monotonic()
            try:
                await self._beat(engine)
                metrics.heartbeat("done")
                wait = interval if time.monotonic() - began < AGAIN else 0.0
            except StoreUnavailable:
                logger.warning("leases not extended: the database is away", running=len(self._executor.running))
                metrics.heartbeat("failed")
                wait = min(AGAIN, interval)
            self._executor.resources.liveness.note("heartbeat")

    async def _beat(self, engine: AsyncEngine) -> None:
        """One heartbeat for all that runs here. Raises StoreUnavailable."""
        running = list(self._executor.running.values())  # one step: the worker's loop goes on meanwhile
        if running:
            self._locked = await self._extend(engine, running)
            if self._locked:
                self._found_locked.set()

    async def _wait_for_locked(self, engine: AsyncEngine) -> None:
        """A client that is frozen may hold a row for longer than a lease. Whoever waits for its lock gets it next;
        between two heartbeats a dispatcher would, and take the task for lost.
        """
        while True:
            await self._found_locked.wait()
            self._found_locked.clear()
            running = [one for one in [*self._executor.running.values()] if one.claimed.task.id in self._locked]
            with suppress(StoreUnavailable):  # the next heartbeat finds it locked again
                if running:
                    await self._extend(engine, running, waits=True)

    async def _extend(self, engine: AsyncEngine, running: list[RunningAttempt], *, waits: bool = False) -> set[str]:
        """The ids of those whose rows were locked. Raises StoreUnavailable."""
        executor = self._executor
        leases = [Lease(one.claimed.task.id, one.claimed.claim, _news(one)) for one in running]
        held = await extend_leases(
            engine,
            leases,
            worker_id=executor.records.worker_id,
            now=executor.resources.clock.now(),
            lease=executor.resources.settings.worker_lease,
            waits=waits,
        )
        skipped = {task_id for task_id, one in held.items() if not one.is_extended}
        for one, lease in zip(running, leases, strict=True):
            if lease.news and lease.task_id not in skipped:
                one.reported = lease.news
        self._worker_loop.call_soon_threadsafe(learn, executor, running, held)
        return skipped

    async def _watch_loop(self) -> None:
        """Say who blocks the worker's loop: while it lasts, and when it is over."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            turned, began = asyncio.Event(), time.monotonic()
            self._worker_loop.call_soon_threadsafe(self._answer, turned)
            if not await is_set_within(turned, BLOCKED):
                kind = self._who_blocks()
                logger.warning("the event loop is blocked: use a plain def for what waits or computes", kind=kind)
                await self._until_over(turned, began)
                seconds = round(time.monotonic() - began, 1)
                logger.warning("the event loop was blocked", kind=kind, seconds=seconds)
            self._executor.resources.liveness.note("event loop")

    async def _until_over(self, turned: asyncio.Event, began: float) -> None:
        """Counted while it lasts, so that a scrape meanwhile tells of it."""
        counted = began
        while True:
            is_over = await is_set_within(turned, LOOK_EVERY)
            now = time.monotonic()
            self._executor.resources.metrics.blocked.inc(now - counted)
            if is_over:
                return
            counted = now

    def _answer(self, turned: asyncio.Event) -> None:
        """In the worker's loop."""
        self._call(turned.set)

    def _who_blocks(self) -> str | None:
        """The kind whose handler is in the loop at the moment; None when it is something else."""
        task = asyncio.current_task(self._worker_loop)
        running = self._executor.running.get(task.get_name().removeprefix("attempt ")) if task else None
        return running.claimed.task.kind if running else None


def _news(running: RunningAttempt) -> tuple[float, str | None] | None:
    context = running.context
    latest = None if context.fraction is None else (context.fraction, context.message)
    return None if latest == running.reported else latest


def learn(executor: Executor, running: list[RunningAttempt], held: Mapping[str, Held]) -> None:
    """What a heartbeat found out: which of those that ran are lost, and which are to be cancelled."""
    for one in running:
        mine = held.get(one.claimed.task.id)
        if executor.running.get(one.claimed.task.id) is not one or one.is_over:
            continue
        if mine is None or mine.claim != one.claimed.claim:
            one.lose()
        elif mine.cancel_requested:
            one.cancel()


@asynccontextmanager
async def open_leases(executor: Executor, presence: Presence) -> AsyncIterator[LeaseKeeper]:
    """Every lease is extended three times in its length, and the worker is on the list, while this is open."""
    keeper = LeaseKeeper(executor, presence)
    thread = threading.Thread(target=keeper.run, name="leases", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.stop()
        await asyncio.to_thread(thread.join, JOIN)
