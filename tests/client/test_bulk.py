"""Submits at the same time share requests, one's mistake is that one's alone, and a lost answer is said to be lost."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from taskflow import Client, Handle
from taskflow.errors import Conflict, InvalidTask, Unavailable
from tests.client.front import Front
from tests.client.handlers import Order, order
from tests.contracts.proxy import Proxy
from tests.graph.api import Api

TOO_MUCH = {"text": "x" * 20_000}
"""More than the server takes in a payload, which only the server knows."""


async def all_of(calls: list[Coroutine[Any, Any, Handle[Any]]]) -> list[Handle[Any] | BaseException]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def count(api: Api) -> int:
    return int((await api.ask("{ tasks(first: 1) { totalCount } }"))["tasks"]["totalCount"])


async def test_two_thousand_submits_at_once_are_two_requests(tasks: Client, front: Front, api: Api) -> None:
    handles = await asyncio.gather(*(tasks.submit(order, Order(sku=f"A-{number}")) for number in range(2000)))
    assert front.count("createTasks") == 2
    assert len({handle.id for handle in handles}) == 2000 == await count(api)
    assert (await handles[1234].task()).payload == {"sku": "A-1234", "count": 1}


async def test_bad_one_among_many_fails_alone(tasks: Client, front: Front, api: Api) -> None:
    found = await all_of(
        [tasks.submit("kind", TOO_MUCH if number == 1234 else {"number": number}) for number in range(2000)]
    )
    [error] = [one for one in found if isinstance(one, BaseException)]
    assert isinstance(error, InvalidTask)
    assert list(error.errors) == ["payload"]
    assert found[1234] is error
    assert await count(api) == 1999
    assert front.count("createTasks") < 30


async def test_conflict_among_many_fails_alone(tasks: Client, api: Api) -> None:
    first = await tasks.submit(order, Order(sku="A-1"), key="k-1")
    found = await all_of(
        [
            *[tasks.submit(order, Order(sku=f"B-{number}")) for number in range(100)],
            tasks.submit(order, Order(sku="other"), key="k-1"),
            tasks.submit(order, Order(sku="A-1"), key="k-1"),
        ]
    )
    [error] = [one for one in found if isinstance(one, BaseException)]
    assert isinstance(error, Conflict)
    assert found[100] is error
    assert isinstance(found[101], Handle)
    assert found[101].id == first.id
    assert await count(api) == 101


async def test_payloads_that_are_too_large_together_are_sent_in_several_requests(tasks: Client, api: Api) -> None:
    some = {"text": "x" * 9_000}
    await asyncio.gather(*(tasks.submit("kind", some) for _ in range(400)))
    assert await count(api) == 400


async def test_caller_that_gives_up_does_not_hurt_the_others(tasks: Client) -> None:
    calls = [asyncio.create_task(tasks.submit("kind")) for _ in range(10)]
    await asyncio.sleep(0)
    calls[3].cancel()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [number for number, one in enumerate(found) if isinstance(one, BaseException)] == [3]


async def test_submit_many_is_all_or_none_in_each_thousand(tasks: Client, front: Front, api: Api) -> None:
    items = [("kind", TOO_MUCH if number == 1500 else None) for number in range(2000)]
    with pytest.raises(InvalidTask) as refused:
        await tasks.submit_many(items)
    assert list(refused.value.errors) == ["items[1500].payload"]
    assert await count(api) == 1000
    assert front.count("createTasks") == 2


async def test_create_whose_answer_is_lost_says_that_it_may_have_been_made_and_is_not_repeated(
    proxy: Proxy, front: Front, api: Api
) -> None:
    async with Client(proxy.url) as tasks:
        front.before_answer = proxy.cut
        with pytest.raises(Unavailable, match=r"may or may not have been created. A submit with `key` can be repeated"):
            await tasks.submit(order, Order(sku="A-1"), key="k-1")
        assert front.count("createTasks") == 1 == await count(api)
        [made] = [one async for one in tasks.list()]
        assert (await tasks.submit(order, Order(sku="A-1"), key="k-1")).id == made.id


async def test_many_say_it_too(proxy: Proxy, front: Front, api: Api) -> None:
    async with Client(proxy.url) as tasks:
        front.before_answer = proxy.cut
        with pytest.raises(Unavailable, match="may or may not have been created"):
            await tasks.submit_many([(order, Order(sku="A-1"))] * 3)
        assert await count(api) == 3


async def test_what_only_reads_is_asked_again_when_its_answer_is_lost(proxy: Proxy, front: Front) -> None:
    async with Client(proxy.url) as tasks:
        handle = await tasks.submit("kind")
        front.before_answer = proxy.cut
        assert (await handle.task()).id == handle.id
