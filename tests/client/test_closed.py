"""A client outside of its block, or in another loop, says so; nobody is left waiting when it closes."""

import asyncio
from typing import Any

import pytest

from taskflow import Client
from taskflow.errors import ClientClosed
from tests.contracts.proxy import Proxy


@pytest.mark.parametrize("name", ["submit", "get", "handle", "list", "events", "graphql", "submit_many"])
async def test_client_that_is_not_open_says_how_to_open_it(url: str, name: str) -> None:
    tasks = Client(url)
    arguments: list[Any] = {"list": [], "events": [], "submit_many": [[]]}.get(name, ["kind"])

    async def call() -> None:
        called = getattr(tasks, name)(*arguments)
        await (anext(called) if name in {"list", "events"} else called)

    with pytest.raises(ClientClosed, match="`async with Client"):
        await call()


async def test_handle_is_of_no_use_after_its_client(url: str) -> None:
    async with Client(url) as tasks:
        handle = await tasks.submit("kind")
    for call in (handle.task, handle.result, handle.cancel, handle.retry, lambda: anext(handle.events())):
        with pytest.raises(ClientClosed, match="inside of its `async with` block"):
            await call()
    with pytest.raises(ClientClosed):
        await tasks.get(handle.id)


async def test_who_waits_when_the_client_closes_is_told(url: str) -> None:
    async with Client(url) as tasks:
        handle = await tasks.submit("kind")
        events = handle.events()
        await anext(events)
        waiting: list[asyncio.Task[Any]] = [
            asyncio.create_task(handle.result()),
            asyncio.create_task(anext(events)),
        ]
        await asyncio.sleep(0)
    for one in waiting:
        with pytest.raises(ClientClosed):
            await one


async def test_request_that_is_under_way_when_the_client_closes_is_told(proxy: Proxy) -> None:
    proxy.freeze()
    async with Client(proxy.url) as tasks:
        waiting: list[asyncio.Task[Any]] = [
            asyncio.create_task(tasks.submit("kind")),
            asyncio.create_task(tasks.get("1")),
            asyncio.create_task(tasks.graphql("{ tasks { totalCount } }")),
        ]
        await asyncio.sleep(0.05)
    for one in waiting:
        with pytest.raises(ClientClosed, match="closed while this waited"):
            await one
    proxy.thaw()


async def test_client_can_be_opened_again(url: str) -> None:
    tasks = Client(url)
    for _ in range(2):
        async with tasks:
            assert await tasks.get("1") is None


async def test_client_that_is_open_is_not_opened_a_second_time(url: str) -> None:
    async with Client(url) as tasks:
        with pytest.raises(RuntimeError, match="open already"):
            await tasks.__aenter__()
        assert await tasks.get("1") is None


async def test_client_of_another_loop_says_so(tasks: Client) -> None:
    handle = await tasks.submit("kind")

    async def elsewhere() -> None:
        with pytest.raises(ClientClosed, match=r"opened in another event loop\. Open one in each"):
            await tasks.submit("kind")
        with pytest.raises(ClientClosed, match="another event loop"):
            await handle.result()

    await asyncio.to_thread(asyncio.run, elsewhere())


async def test_caller_that_is_cancelled_is_cancelled(tasks: Client) -> None:
    handle = await tasks.submit("kind")
    waiting = asyncio.create_task(handle.result())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await handle.task()).status == "PENDING"


async def test_error_in_the_block_is_the_callers_own(url: str) -> None:
    async def use() -> None:
        async with Client(url) as tasks:
            await anext((await tasks.submit("kind")).events())
            raise KeyError

    with pytest.raises(KeyError):
        await use()
