"""The one socket behind all handles: shared, resumed when it breaks, done without where it is blocked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from taskflow import Client, Handle
from taskflow.client.session import SLOTS
from taskflow.infra.resources import Resources
from tests.client.front import Front
from tests.client.handlers import again, nothing_to_say
from tests.client.working import shop_worker
from tests.contracts.proxy import Proxy
from tests.contracts.waiting import eventually
from tests.graph.api import Api
from tests.graph.serve import serving

MORE = SLOTS + 10
"""Watched at once: some with an operation of their own, some that share one."""
EVERY = [1, 2, 3, 4, 5]
"""The versions of a task of kind `again`."""


class Watcher:
    """Collects the versions that `events()` tells, from the first on."""

    def __init__(self, handle: Handle[int]) -> None:
        self.handle = handle
        self.versions: list[int] = []
        self.began = asyncio.Event()
        self.ended = asyncio.create_task(self._collect())

    async def _collect(self) -> list[int]:
        async for event in self.handle.events():
            self.versions.append(event.version)
            self.began.set()
        return self.versions


async def watch(tasks: Client, count: int) -> list[Watcher]:
    """Of as many tasks, each of which has told its present state."""
    watchers = [Watcher(handle) for handle in await tasks.submit_many([(again, None)] * count)]
    for watcher in watchers:
        await watcher.began.wait()
    return watchers


async def all_versions(watchers: list[Watcher]) -> list[list[int]]:
    return list(await asyncio.gather(*(watcher.ended for watcher in watchers)))


@pytest.fixture
async def through(proxy: Proxy) -> AsyncIterator[Client]:
    """A client behind the proxy."""
    async with Client(proxy.url) as opened:
        yield opened


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("worker")
async def test_two_thousand_results_are_awaited_at_once_over_one_socket(tasks: Client, front: Front) -> None:
    handles = await tasks.submit_many([(nothing_to_say, None)] * 2000)
    assert await asyncio.gather(*(handle.result() for handle in handles)) == [7] * 2000
    assert front.sockets == 1


async def test_each_of_many_watchers_is_told_each_change_once(
    tasks: Client, front: Front, resources: Resources
) -> None:
    watchers = await watch(tasks, MORE)
    async with shop_worker(resources):
        assert await all_versions(watchers) == [EVERY] * MORE
    assert front.sockets == 1


@pytest.mark.usefixtures("worker")
async def test_result_takes_no_request_beside_the_socket(tasks: Client, front: Front) -> None:
    assert await (await tasks.submit(nothing_to_say)).result(timeout=20) == 7
    assert len(front.operations) == 1
    assert front.count("createTasks") == 1


async def test_client_that_only_submits_opens_no_socket(tasks: Client, front: Front) -> None:
    await (await tasks.submit(again)).task()
    assert front.sockets == 0


async def test_connection_cut_while_nothing_happens_is_made_again(
    through: Client, proxy: Proxy, front: Front, resources: Resources
) -> None:
    watchers = await watch(through, MORE)
    proxy.cut()

    async def resumed() -> bool:
        return front.sockets == 2

    await eventually(resumed)
    async with shop_worker(resources):
        assert await all_versions(watchers) == [EVERY] * MORE


async def test_what_happens_while_the_connection_is_away_is_told_once_it_is_back(
    through: Client, proxy: Proxy, resources: Resources, api: Api
) -> None:
    watchers = await watch(through, MORE)
    await proxy.go_away()
    async with shop_worker(resources):
        await until_done(api, MORE)
    await proxy.listen()
    assert await all_versions(watchers) == [EVERY] * MORE
    assert [await watcher.handle.result(timeout=20) for watcher in watchers] == [2] * MORE


async def test_server_restart_loses_and_repeats_nothing(front: Front, resources: Resources, api: Api) -> None:
    async with serving(front) as host:
        port = int(host.rpartition(":")[2])
        tasks = Client(f"http://{host}")
        await tasks.__aenter__()
        watchers = await watch(tasks, MORE)
    try:
        async with shop_worker(resources):
            await until_done(api, MORE)
        async with serving(front, port=port):
            assert await all_versions(watchers) == [EVERY] * MORE
    finally:
        await tasks.__aexit__(None, None, None)


async def test_events_of_all_tasks_resume_too(through: Client, proxy: Proxy, resources: Resources, api: Api) -> None:
    async with aclosing(through.events()) as events:
        seen: list[tuple[str, int]] = []
        first = asyncio.create_task(anext(events))
        while not first.done():  # the subscription stands at some time; what came before it is not told
            await through.submit("other")
            await asyncio.wait([first], timeout=0.1)
        await proxy.go_away()
        ids = await api.create_all(*[{"kind": "again"}] * 3)
        async with shop_worker(resources):
            await until_done(api, 3)
        await proxy.listen()
        async for event in events:
            if event.task_id in ids:
                seen.append((event.task_id, event.version))
            if len(seen) == 15:
                break
    assert sorted(seen) == sorted((task_id, version) for task_id in ids for version in EVERY)


async def test_where_sockets_are_blocked_results_and_events_come_by_polling(
    tasks: Client, front: Front, resources: Resources
) -> None:
    front.blocked = True
    watchers = await watch(tasks, MORE)
    async with shop_worker(resources):
        assert await all_versions(watchers) == [EVERY] * MORE
        assert await watchers[0].handle.result(timeout=20) == 2
        assert await (await tasks.submit(nothing_to_say)).result(timeout=20) == 7
    assert front.sockets == 0


async def test_socket_is_tried_again_while_anybody_waits(tasks: Client, front: Front, resources: Resources) -> None:
    front.blocked = True
    watchers = await watch(tasks, 1)
    front.blocked = False

    async def opened() -> bool:
        return front.sockets == 1

    await eventually(opened)
    async with shop_worker(resources):
        assert await all_versions(watchers) == [EVERY]


async def until_done(api: Api, count: int) -> None:
    async def done() -> bool:
        found = await api.ask("{ tasks(first: 1, filter: {statuses: [DONE]}) { totalCount } }")
        return bool(found["tasks"]["totalCount"] == count)

    await eventually(done, within=30)
