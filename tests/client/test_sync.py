"""SyncClient: the same from threads without an event loop. The server's loop is the test's, so each use is a thread."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from taskflow import SyncClient
from taskflow.errors import ClientClosed, Conflict, InvalidTask, NotFound, TaskCancelled, TaskFailed
from tests.client.front import Front
from tests.client.handlers import Order, Receipt, broken, nothing_to_say, plain

PATIENCE = 20


@pytest.mark.usefixtures("worker")
async def test_submit_and_result_block(url: str) -> None:
    def use() -> Receipt:
        with SyncClient(url) as tasks:
            return tasks.submit(plain, Order(sku="A-1", count=2), title="Two").result(timeout=PATIENCE)

    assert await asyncio.to_thread(use) == Receipt(sku="A-1", total=20)


@pytest.mark.usefixtures("worker")
async def test_many_threads_share_one_client_and_its_socket(url: str, front: Front) -> None:
    def use() -> list[Receipt]:
        with SyncClient(url) as tasks, ThreadPoolExecutor(8) as pool:

            def one(number: int) -> Receipt:
                return tasks.submit(plain, Order(sku=f"A-{number}")).result(timeout=PATIENCE)

            return list(pool.map(one, range(64)))

    assert await asyncio.to_thread(use) == [Receipt(sku=f"A-{number}", total=10) for number in range(64)]
    assert front.sockets == 1


@pytest.mark.usefixtures("worker")
async def test_events_are_an_ordinary_iterator_that_ends_with_the_task(url: str) -> None:
    def use() -> tuple[list[str], bool]:
        with SyncClient(url) as tasks:
            events = tasks.submit(nothing_to_say).events()
            return [event.status for event in events], isinstance(events, Iterator)

    statuses, ordinary = await asyncio.to_thread(use)
    assert statuses[-1] == "DONE"
    assert ordinary


async def test_every_method_is_there_and_raises_the_same(url: str) -> None:
    def use() -> None:
        with SyncClient(url) as tasks:
            handle = tasks.submit(broken, Order(sku="A-1"), key="k-1")
            assert handle.task() == tasks.get(handle.id) == next(tasks.list(kind="broken"))
            assert handle.cancel().status == "CANCELLED"
            with pytest.raises(TaskCancelled):
                handle.result(timeout=PATIENCE)
            assert handle.retry().status == "PENDING"
            with pytest.raises(Conflict):
                handle.retry()
            with pytest.raises(TimeoutError, match="It goes on"):
                tasks.handle(handle.id, broken).result(timeout=0.05)
            with pytest.raises(NotFound):
                tasks.handle("1").task()
            with pytest.raises(InvalidTask):
                tasks.submit("kind", title="")
            assert [one.task().kind for one in tasks.submit_many([("a", None), (plain, Order(sku="A"))])] == [
                "a",
                "plain",
            ]
            assert tasks.graphql("{ tasks(first: 1) { totalCount } }") == {"tasks": {"totalCount": 3}}
            assert tasks.get("1") is None

    await asyncio.to_thread(use)


@pytest.mark.usefixtures("worker")
async def test_failure_is_raised_in_the_calling_thread(url: str) -> None:
    def use() -> None:
        with SyncClient(url) as tasks, pytest.raises(TaskFailed, match="no A-1 today"):
            tasks.submit(broken, Order(sku="A-1")).result(timeout=PATIENCE)

    await asyncio.to_thread(use)


async def test_iterator_that_is_left_early_watches_no_more(url: str) -> None:
    def use() -> None:
        with SyncClient(url) as tasks:
            handle = tasks.submit("kind")
            assert [event.status for event in islice(handle.events(), 1)] == ["PENDING"]
            assert len(list(islice(tasks.list(), 1))) == 1
            handle.cancel()
            with pytest.raises(TaskCancelled):
                handle.result(timeout=PATIENCE)

    await asyncio.to_thread(use)


async def test_who_waits_in_a_thread_when_another_closes_is_told(url: str) -> None:
    def use() -> None:
        tasks = SyncClient(url).open()
        events = tasks.submit("kind").events()
        assert next(events).status == "PENDING"
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(next, events)
            tasks.close()
            with pytest.raises(ClientClosed):
                waiting.result(PATIENCE)

    await asyncio.to_thread(use)


async def test_use_outside_of_the_block_says_how_to_open_it(url: str) -> None:
    def use() -> None:
        tasks = SyncClient(url)
        with pytest.raises(ClientClosed, match="inside of `with SyncClient"):
            tasks.submit("kind")
        with tasks:
            handle = tasks.submit("kind")
            events = handle.events()
        for call in (handle.task, handle.result, lambda: next(events)):
            with pytest.raises(ClientClosed, match="inside of its `with` block"):
                call()
        with pytest.raises(ClientClosed, match="inside of `with SyncClient"):
            next(tasks.list())
        with tasks:
            assert tasks.get(handle.id)

    await asyncio.to_thread(use)


async def test_open_and_close_do_without_a_block_and_may_be_repeated(url: str) -> None:
    def use() -> None:
        tasks = SyncClient(url).open()
        assert tasks.open() is tasks
        assert tasks.submit("kind").task().kind == "kind"
        tasks.close()
        tasks.close()

    await asyncio.to_thread(use)


async def test_client_of_before_a_fork_says_so_in_the_child(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def use() -> None:
        with SyncClient(url) as tasks:
            with monkeypatch.context() as forked:
                forked.setattr(os, "getpid", lambda: 1)  # as the child sees it
                with pytest.raises(ClientClosed, match="opened before a fork"):
                    tasks.get("1")
            assert tasks.get("1") is None

    await asyncio.to_thread(use)
