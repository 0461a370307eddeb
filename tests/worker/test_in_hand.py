"""What a worker has in hand and can't use soon goes back, for another worker."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from taskflow.worker.task import task
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench, narrow


async def test_a_message_does_not_wait_for_a_worker_without_a_free_slot(bench: Bench) -> None:
    """While another worker has one."""
    release, began = asyncio.Event(), 0

    @task("long")
    async def long(payload: Any) -> None:
        nonlocal began
        began += 1
        await release.wait()

    async with narrow(bench, long, worker_prefetch=2):
        first = [await bench.create("long") for _ in range(6)]

        async def is_full() -> bool:
            return began == 2 and await bench.broker.depth("default") == 4

        await eventually(is_full, within=3)
        async with narrow(bench, long, worker_prefetch=4):

            async def all_run() -> bool:
                return began == 6

            await eventually(all_run, within=3)
            release.set()
            assert {(await bench.end(one)).status for one in first} == {"DONE"}
    assert {(await bench.get(one)).attempt for one in first} == {1}


async def test_what_short_tasks_had_it_ask_for_goes_back_when_longer_ones_follow(bench: Bench) -> None:
    """For another worker: though a slot comes free now and then, what is in hand would wait for many of them."""
    began = 0

    @task("longer")
    async def longer(payload: Any) -> None:
        nonlocal began
        began += 1
        await asyncio.sleep(0.2)

    @task("short")
    async def short(payload: Any) -> None:
        pass

    for _ in range(200):
        await bench.create("short")
    ids = [await bench.create("longer") for _ in range(120)]
    async with narrow(bench, longer, short, worker_prefetch=2):

        async def went_back() -> bool:
            assert began < 18, "as many had time to begin while the rest stayed in hand"
            return began > 4 and await bench.broker.depth("default") >= 50

        await eventually(went_back, within=3)
        async with narrow(bench, longer, worker_prefetch=60):
            assert {(await bench.end(one)).attempt for one in ids} == {1}


async def test_what_was_claimed_ahead_is_given_back_when_no_slot_comes_free(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.worker.executor.SLOT_WAIT", timedelta(seconds=0.05))
    release = asyncio.Event()

    @task("either")
    async def either(payload: dict[str, bool]) -> None:
        if payload["long"]:
            await release.wait()

    async with narrow(bench, either, worker_prefetch=2):
        quick = [await bench.create("either", {"long": False}) for _ in range(100)]
        long = [await bench.create("either", {"long": True}) for _ in range(10)]
        for one in quick:
            await bench.end(one)
        given_back = await bench.hear(
            lambda event: event.message == "Given back by a worker without a free slot" and event.attempt == 0
        )
        assert given_back.task_id in long
        release.set()
        for one in long:
            assert (await bench.end(one)).attempt == 1
