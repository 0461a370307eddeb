"""One batcher, before create, claim and finish: while a flush is under way callers gather, the next takes them all.

No timer: a lone caller waits for nobody, a flood shares its round trips and its commit. This is where the speed is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

from taskflow.infra.background import in_background

Item = TypeVar("Item")
Result = TypeVar("Result")


MOST: Final = 200
"""Items of one flush, where its statements are ours."""


class Batcher(Generic[Item, Result]):
    """Calls `flush` with all that gathered, at most `limit` items, one flush at a time.

    `flush` gives one result an item, in order. When it raises, `divisible` says whether a single item may be to blame:
    then the batch is halved until that item alone gets the error. Otherwise everybody in it does.
    """

    def __init__(
        self,
        flush: Callable[[list[Item]], Awaitable[Sequence[Result]]],
        *,
        limit: int,
        divisible: Callable[[Exception], bool],
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._divisible = divisible
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._wake = asyncio.Event()

    async def submit(self, item: Item) -> Result:
        """The item's own result. Raises what `flush` raised for it. Cancelling the caller does not undo the item."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._wake.set()
        return await future

    async def run(self) -> None:
        """Flushes for ever; cancelled by whoever opened it."""
        while True:
            await self._wake.wait()
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            if not self._waiting:
                self._wake.clear()
            await self._flush_or_halve(batch)

    async def _flush_or_halve(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._flush([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it goes to the callers, who are the ones to handle it
            if len(batch) > 1 and self._divisible(error):
                middle = len(batch) // 2
                await self._flush_or_halve(batch[:middle])
                await self._flush_or_halve(batch[middle:])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        except BaseException:  # nobody flushes any more: they would wait for ever
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    def abandon(self) -> None:
        """Nobody flushes any more: whoever still waits is cancelled."""
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()


@asynccontextmanager
async def open_batcher(
    flush: Callable[[list[Item]], Awaitable[Sequence[Result]]],
    *,
    limit: int,
    divisible: Callable[[Exception], bool],
) -> AsyncIterator[Batcher[Item, Result]]:
    batcher = Batcher(flush, limit=limit, divisible=divisible)
    try:
        async with in_background(batcher.run(), name="batcher"):
            yield batcher
    finally:
        batcher.abandon()
