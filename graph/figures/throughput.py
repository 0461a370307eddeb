"""What ended over time, and how long it took: read once in a process, however many look at it.

The past does not change: each read takes only what ended since the last one. What is kept is a count for each step,
kind, status and rounded duration, of a day at most; steps that are older than an hour are merged.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from taskflow.db import figures, storage
from taskflow.db.lifecycle import TaskStatus
from taskflow.graph.figures.cached import Cached
from taskflow.graph.figures.queues import read_queues, read_workers
from taskflow.infra.resources import Resources

FINE: Final = timedelta(seconds=30)
COARSE: Final = timedelta(minutes=5)
FINE_FOR: Final = timedelta(hours=1, minutes=5)
COMPLETE_AFTER: Final = timedelta(seconds=30)
"""How long after its end a step may still gain: a finish is dated before it is committed."""

LONGEST_READ: Final = timedelta(hours=6)
QUICK, SLOW = 0.02, 0.08
"""Seconds of one statement: after a quicker one the next takes twice the time at once, after a slower one half."""


class Span(Enum):
    """How far back, and the width of a step on the way. A multiple of FINE, and of COARSE beyond FINE_FOR."""

    MINUTES_15 = timedelta(minutes=15), timedelta(seconds=30)
    HOUR_1 = timedelta(hours=1), timedelta(minutes=1)
    HOURS_6 = timedelta(hours=6), timedelta(minutes=5)
    HOURS_24 = timedelta(hours=24), timedelta(minutes=20)

    @property
    def length(self) -> timedelta:
        return self.value[0]

    @property
    def step(self) -> timedelta:
        return self.value[1]

    def since(self, now: datetime) -> datetime:
        """The beginning of the first whole step."""
        return _floor(now - self.length, self.step) + self.step

    @property
    def rest(self) -> timedelta:
        """How long a history of it is good: what a step hardly shows need not be counted again."""
        return self.step / 30


class Way(NamedTuple):
    """How tasks ended. `duration_ms` is rounded down to two digits, None of what never ran."""

    kind: str
    status: TaskStatus
    duration_ms: int | None


Ended = Counter[Way]


@dataclass(frozen=True, slots=True)
class Summary:
    """Of the tasks that ended in one step, or of one kind. Quantiles are of their last attempts."""

    done: int
    failed: int
    cancelled: int
    p50_ms: int | None
    p95_ms: int | None


@dataclass(frozen=True, slots=True)
class History:
    since: datetime
    until: datetime
    step: timedelta
    steps: list[tuple[datetime, Summary]]
    kinds: dict[str, Summary]


def summarise(ended: Ended) -> Summary:
    by_status: Counter[TaskStatus] = Counter()
    durations: Counter[int] = Counter()
    for way, count in ended.items():
        by_status[way.status] += count
        if way.duration_ms is not None:
            durations[way.duration_ms] += count
    p50, p95 = quantiles(durations, (0.5, 0.95))
    done, failed, cancelled = (by_status[one] for one in (TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED))
    return Summary(done, failed, cancelled, p50, p95)


def quantiles(counts: Counter[int], shares: Iterable[float]) -> Iterator[int | None]:
    """By nearest rank: the smallest value that at least that share is not above. None of nothing."""
    in_order, total = sorted(counts.items()), counts.total()
    for share in shares:
        reached = 0
        for value, count in in_order:
            reached += count
            if reached >= share * total:
                yield value
                break
        else:
            yield None


@dataclass(slots=True)
class Ledger:
    """What ended, by steps. Pure: it is told what was read."""

    steps: dict[int, Ended] = field(default_factory=dict)

    def replace(self, since: datetime, until: datetime, rows: Iterable[figures.EndedCount]) -> None:
        """What was known from `since` to before `until` gives way to what was read."""
        for at in [at for at in self.steps if since.timestamp() <= at < until.timestamp()]:
            del self.steps[at]
        for row in rows:
            self.steps.setdefault(row.at, Counter())[Way(row.kind, row.status, row.duration_ms)] += row.count

    def age(self, now: datetime) -> None:
        """Merge what is old, and forget what no span reaches."""
        merged_before = _floor(now - FINE_FOR, COARSE).timestamp()
        forgotten_before = _floor(now - Span.HOURS_24.length, Span.HOURS_24.step).timestamp()
        coarse = int(COARSE.total_seconds())
        for at in [at for at in self.steps if at < merged_before and (at % coarse or at < forgotten_before)]:
            ended = self.steps.pop(at)
            if at >= forgotten_before:
                self.steps.setdefault(at - at % coarse, Counter()).update(ended)

    def history(self, span: Span, now: datetime) -> History:
        """Whole steps, the last of them still under way; those in which nothing ended are there too."""
        since, width = span.since(now), int(span.step.total_seconds())
        by_step: dict[int, Ended] = defaultdict(Counter)
        by_kind: dict[str, Ended] = defaultdict(Counter)
        for at, ended in self.steps.items():
            if at >= since.timestamp():
                by_step[at - at % width].update(ended)
                for way, count in ended.items():
                    by_kind[way.kind][way] += count
        first = int(since.timestamp())
        times = range(first, int(now.timestamp()) + 1, width)
        return History(
            since=since,
            until=now,
            step=span.step,
            steps=[(datetime.fromtimestamp(at, UTC), summarise(by_step[at])) for at in times],
            kinds={kind: summarise(by_kind[kind]) for kind in sorted(by_kind)},
        )


def _floor(instant: datetime, step: timedelta) -> datetime:
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(step.total_seconds()), UTC)


def next_length(length: timedelta, seconds: float) -> timedelta:
    """How much to read at once, after `length` took so many seconds. A multiple of COARSE."""
    if seconds < QUICK:
        return min(2 * length, LONGEST_READ)
    return max(length / 2 // COARSE * COARSE, COARSE) if seconds > SLOW else length


class FiguresCache:
    """One for a process. A span is read whole once, in short statements; then only what ended since."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._engine = resources.engine
        self._lock = asyncio.Lock()
        self._ledger = Ledger()
        self._known_since: datetime | None = None
        self._complete_until: datetime | None = None
        self._news = Cached(self._read_news)
        self._histories: dict[Span, History] = {}
        self.kinds = Cached(lambda: figures.kinds(self._engine))
        self.queues = Cached(lambda: read_queues(self._resources))
        self.workers = Cached(lambda: read_workers(self._resources))
        self.storage = Cached(lambda: storage.measure(self._engine))

    async def history(self, span: Span) -> History:
        """Raises StoreUnavailable."""
        async with self._lock:
            now = await self._news.get()
            known = self._histories.get(span)
            if known is None or now - known.until >= span.rest:
                await self._read_past(span.since(now), now)
                known = await asyncio.to_thread(self._ledger.history, span, now)
                self._histories[span] = known
            return known

    async def _read_news(self) -> datetime:
        """Returns when it was read."""
        now = self._resources.clock.now()
        complete = _floor(now - COMPLETE_AFTER, FINE)
        if self._complete_until is None or now - self._complete_until > LONGEST_READ:
            self._ledger, self._known_since, self._complete_until = Ledger(), complete, complete
        await self._read(self._complete_until, now + COMPLETE_AFTER, FINE)
        self._complete_until = complete
        self._ledger.age(now)
        return now

    async def _read_past(self, since: datetime, now: datetime) -> None:
        """Backwards, in statements none of which runs for long."""
        fine_since, length = _floor(now - FINE_FOR, COARSE), COARSE
        while self._known_since is not None and self._known_since > since:
            is_fine = self._known_since > fine_since
            edge = max(since, self._known_since - length, fine_since if is_fine else since)
            began = time.monotonic()
            await self._read(edge, self._known_since, FINE if is_fine else COARSE)
            self._known_since = edge
            length = next_length(length, time.monotonic() - began)

    async def _read(self, since: datetime, until: datetime, step: timedelta) -> None:
        self._ledger.replace(since, until, await figures.ended(self._engine, since, until, step))
