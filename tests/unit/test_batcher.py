"""The batcher: who waits for whom, who is told what, and how much may wait."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from taskflow.db.errors import Overloaded, StoreUnavailable
from taskflow.infra.batcher import Batcher, Bounds, CutOff, open_batcher

Group = tuple[str, ...]


@dataclass
class Store:
    """Takes sets of groups, each as long as it weighs; the first flush waits for `go`."""

    flushed: list[list[Group]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    error: BaseException | None = None
    poison: str | None = None

    async def flush(self, groups: list[Group]) -> Sequence[str]:
        self.flushed.append(groups)
        await self.go.wait()
        if self.error:
            error, self.error = self.error, None
            raise error
        if self.poison and any(self.poison in group for group in groups):
            raise ValueError(self.poison)
        return [group[0] for group in groups]


@asynccontextmanager
async def batching(store: Store, **bounds: int) -> AsyncIterator[Batcher[Group, str]]:
    def is_poison(error: Exception) -> bool:
        return isinstance(error, ValueError)

    async with open_batcher(store.flush, divisible=is_poison, bounds=Bounds(**bounds), weigh=len) as batcher:
        yield batcher


def bulk(name: str, weight: int) -> Group:
    return (name,) * weight


async def begin(group: asyncio.TaskGroup, batcher: Batcher[Group, str], *items: Group) -> list[asyncio.Task[str]]:
    """Submit in this order, and let each take its place."""
    started = []
    for item in items:
        started.append(group.create_task(batcher.submit(item)))
        await asyncio.sleep(0)
    return started


async def test_whoever_comes_within_a_few_turns_of_the_event_loop_comes_along() -> None:
    store = Store()
    store.go.set()
    async with asyncio.timeout(5), batching(store) as batcher, asyncio.TaskGroup() as group:
        first = group.create_task(batcher.submit(("first",)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second = group.create_task(batcher.submit(("second",)))
    assert [first.result(), second.result()] == ["first", "second"]
    assert store.flushed == [[("first",), ("second",)]]


async def test_a_lone_item_is_flushed_within_two_sets_of_bulk() -> None:
    store = Store()
    async with asyncio.timeout(5), batching(store, most=1000) as batcher, asyncio.TaskGroup() as group:
        await begin(group, batcher, *(bulk(f"bulk {number}", 1000) for number in range(75)))
        [lone] = await begin(group, batcher, ("lone",))
        store.go.set()
        assert await lone == "lone"
    assert any(("lone",) in groups for groups in store.flushed[: 1 + 2])  # the one that was under way, and two
    weights = [sum(map(len, groups)) for groups in store.flushed]
    assert max(weights) <= 1000
    assert sum(weights) == 75_001


async def test_bulk_is_not_put_off_for_ever_by_what_is_light() -> None:
    store = Store()
    async with asyncio.timeout(5), batching(store, most=10) as batcher, asyncio.TaskGroup() as group:
        await begin(group, batcher, ("first",), bulk("heavy", 10), *((f"light {number}",) for number in range(100)))
        store.go.set()
    order = [groups[0][0] for groups in store.flushed]
    assert "heavy" in order[:3]


async def test_what_weighs_more_than_a_set_goes_alone() -> None:
    store = Store()
    async with asyncio.timeout(5), batching(store, most=10) as batcher, asyncio.TaskGroup() as group:
        await begin(group, batcher, bulk("huge", 50), ("light",))
        store.go.set()
    assert [bulk("huge", 50)] in store.flushed


async def test_all_that_wait_are_told_when_the_store_is_away() -> None:
    store = Store(error=StoreUnavailable())
    async with asyncio.timeout(5), batching(store, most=10) as batcher:
        waiting = [asyncio.ensure_future(batcher.submit((str(number),))) for number in range(200)]
        await asyncio.sleep(0)
        store.go.set()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in ended} == {StoreUnavailable}
        assert len(store.flushed) == 1
        assert await batcher.submit(("again",)) == "again"


async def test_one_that_is_refused_is_refused_alone() -> None:
    store = Store(poison="bad")
    async with asyncio.timeout(5), batching(store, most=100) as batcher:
        waiting = [asyncio.ensure_future(batcher.submit((name,))) for name in ("a", "b", "bad", "c", "d")]
        await asyncio.sleep(0)
        store.go.set()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in ended] == ["a", "b", "bad", "c", "d"]
    assert isinstance(ended[2], ValueError)


async def test_a_stray_cancellation_fails_its_set_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """As a library raises it for a connection that ended."""
    store = Store(error=asyncio.CancelledError())
    store.go.set()
    async with asyncio.timeout(5), batching(store, most=100) as batcher:
        with pytest.raises(CutOff):
            await batcher.submit(("cut off",))
        assert await batcher.submit(("next",)) == "next"


async def test_what_waits_is_bounded() -> None:
    store = Store()
    async with asyncio.timeout(5), batching(store, most=10, waiting=30) as batcher, asyncio.TaskGroup() as group:
        await begin(group, batcher, bulk("first", 10), bulk("second", 20), bulk("third", 10))
        with pytest.raises(Overloaded):
            await batcher.submit(("one more",))
        store.go.set()


async def test_nothing_more_is_taken_while_the_oldest_has_waited_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("taskflow.infra.batcher.time", SimpleNamespace(monotonic=lambda: now))
    store = Store()
    async with asyncio.timeout(5), batching(store, most=10, waiting=1000) as batcher, asyncio.TaskGroup() as group:
        await begin(group, batcher, ("under way",), bulk("heavy", 10))
        now = 10.0
        [light] = await begin(group, batcher, ("light",))  # its own kind does not wait long
        now = 20.0
        with pytest.raises(Overloaded):
            await batcher.submit(("late",))
        store.go.set()
        assert await light == "light"


async def test_a_caller_that_gives_up_does_not_take_others_along() -> None:
    store = Store()
    async with asyncio.timeout(5), batching(store, most=10) as batcher:
        first, second = (asyncio.ensure_future(batcher.submit((name,))) for name in ("first", "second"))
        await asyncio.sleep(0)
        second.cancel()
        store.go.set()
        assert await first == "first"
