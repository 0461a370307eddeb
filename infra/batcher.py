"""One batcher, before create, claim and finish: while a flush is under way callers gather, the next takes them all.

No timer: a lone caller waits for some turns of the event loop, a flood shares its round trips and its commit. This is
where the speed is.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Generic, TypeVar

from taskflow.db.errors import Overloaded, StoreUnavailable
from taskflow.infra.background import is_cancelled, supervised
from taskflow.infra.tracing.current import Around, current_traceparent, untraced

Item = TypeVar("Item")
Result = TypeVar("Result")


MOST: Final = 200
"""Items of one flush, where its statements are ours."""
TURNS: Final = 4
"""Turns of the event loop, some 10 µs each while nothing happens, in which nobody came before a flush begins."""
LONGEST_WAIT: Final = timedelta(seconds=5)
"""How long the oldest may have waited before a bounded batcher takes no more that weigh as much."""


class CutOff(Exception):
    """A flush ended by a CancelledError that nobody of ours asked for: whether it took effect is unknown."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`most`: the weight of one flush; `waiting`: of all that wait. Beyond it, or when the wait is long: Overloaded."""

    most: int = MOST
    waiting: int | None = None


@dataclass(slots=True, eq=False)
class _Caller(Generic[Item, Result]):
    item: Item
    weight: int
    since: float
    traceparent: str | None
    future: "asyncio.Future[Result]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Batcher(Generic[Item, Result]):
    """Calls `flush` with what gathered, one flush at a time, each within its bounds.

    `flush` gives one result an item, in order. When it raises, `divisible` says whether a single item may be to blame:
    then the batch is halved until that item alone gets the error. Otherwise everybody in it does.
    """

    def __init__(
        self,
        flush: Callable[[list[Item]], Awaitable[Sequence[Result]]],
        *,
        bounds: Bounds,
        divisible: Callable[[Exception], bool],
        weigh: Callable[[Item], int] = lambda item: 1,
        around: Around = untraced,
        observe: Callable[[float], None] = lambda weight: None,
    ) -> None:
        self._flush = flush
        self._observe = observe
        self._bounds = bounds
        self._divisible = divisible
        self._weigh = weigh
        self._around = around
        self._waiting: list[_Caller[Item, Result]] = []
        self._weight = 0
        self._lightest_first = False
        self._wake = asyncio.Event()

    async def submit(self, item: Item) -> Result:
        """The item's own result. Raises what `flush` raised for it, and Overloaded. Cancelling the caller does not undo
        the item.
        """
        caller: _Caller[Item, Result] = _Caller(item, self._weigh(item), time.monotonic(), current_traceparent())
        self._check_room(caller)
        self._waiting.append(caller)
        self._weight += caller.weight
        self._wake.set()
        return await caller.future

    def _check_room(self, caller: _Caller[Item, Result]) -> None:
        if self._bounds.waiting is None or not self._waiting:
            return
        alike = next((one for one in self._waiting if one.weight <= caller.weight), caller)
        if self._weight + caller.weight > self._bounds.waiting or (
            caller.since - alike.since > LONGEST_WAIT.total_seconds()
        ):
            raise Overloaded

    async def run(self) -> None:
        """Flushes for ever; cancelled by whoever opened it."""
        while True:
            await self._wake.wait()
            await self._gather()
            batch = self._take()
            if not self._waiting:
                self._wake.clear()
            await self._flush_or_halve(batch)

    async def _gather(self) -> None:
        """Whoever is about to come, within a few turns of the event loop, comes along."""
        turns, weight = 0, self._weight
        while turns < TURNS and self._weight < self._bounds.most:
            await asyncio.sleep(0)
            turns, weight = (turns + 1, weight) if self._weight == weight else (0, self._weight)

    def _take(self) -> list[_Caller[Item, Result]]:
        """The oldest and what goes with it; every other time, where some weigh more, the lightest first.

        So nobody waits for more than two flushes of others' bulk, and bulk is not put off for ever.
        """
        waiting = self._waiting
        if self._weight > len(waiting):
            self._lightest_first = not self._lightest_first
            if self._lightest_first:
                waiting = sorted(waiting, key=lambda one: one.weight)
        taken: list[_Caller[Item, Result]] = []
        left: list[_Caller[Item, Result]] = []
        weight = 0
        for one in waiting:
            if not taken or weight + one.weight <= self._bounds.most:
                taken.append(one)
                weight += one.weight
            else:
                left.append(one)
        if waiting is not self._waiting:
            left.sort(key=lambda one: one.since)
        self._waiting = left
        self._weight -= weight
        return taken

    async def _flush_or_halve(self, batch: list[_Caller[Item, Result]]) -> None:
        try:
            with self._around([one.traceparent for one in batch if one.traceparent]):
                results = await self._flush([one.item for one in batch])
            self._observe(sum(one.weight for one in batch))
        except Exception as error:  # noqa: BLE001 - it goes to the callers, who are the ones to handle it
            if self._divisible(error):
                if len(batch) > 1:
                    middle = len(batch) // 2
                    await self._flush_or_halve(batch[:middle])
                    await self._flush_or_halve(batch[middle:])
                else:
                    batch[0].fail(error)
                return
            self._fail(batch, error)
            return
        except BaseException as error:  # nobody may wait for ever
            if is_cancelled() or not isinstance(error, asyncio.CancelledError):
                for one in batch:
                    one.future.cancel()
                raise
            self._fail(batch, CutOff())
            return
        for one, result in zip(batch, results, strict=True):
            if not one.future.done():
                one.future.set_result(result)

    def _fail(self, batch: Sequence[_Caller[Item, Result]], error: Exception) -> None:
        """When the store is away, whoever waits by now would learn it one flush after the other: all are told."""
        told = [*batch]
        if isinstance(error, StoreUnavailable):
            told += self._waiting
            self._waiting, self._weight = [], 0
            self._wake.clear()
        for one in told:
            one.fail(error)

    def abandon(self) -> None:
        """Nobody flushes any more: whoever still waits is cancelled."""
        for one in self._waiting:
            one.future.cancel()
        self._waiting.clear()


@asynccontextmanager
async def open_batcher(
    flush: Callable[[list[Item]], Awaitable[Sequence[Result]]],
    *,
    divisible: Callable[[Exception], bool],
    bounds: Bounds = Bounds(),
    weigh: Callable[[Item], int] = lambda item: 1,
    around: Around = untraced,
    observe: Callable[[float], None] = lambda weight: None,
) -> AsyncIterator[Batcher[Item, Result]]:
    """Each flush is inside of `around`, which gets the traces that its callers are in; `observe` is told the weight of
    each that succeeded.
    """
    batcher = Batcher(flush, bounds=bounds, divisible=divisible, weigh=weigh, around=around, observe=observe)
    try:
        async with supervised(batcher.run, name="batcher"):
            yield batcher
    finally:
        batcher.abandon()
