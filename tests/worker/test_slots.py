"""Slots are apart from messages in hand: short tasks are claimed in sets, and none waits long behind others."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from taskflow.db import tasks
from taskflow.infra.settings import Settings
from taskflow.worker.runtime import groups
from taskflow.worker.slots import Slots
from taskflow.worker.task import task
from tests.worker.bench import Bench, narrow

NEVER = timedelta()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_claims_run_ahead_by_as_many_as_left_their_slot_lately() -> None:
    clock = Clock()
    slots = Slots(2, clock)
    assert slots.ahead == 0
    for _ in range(5):
        assert await slots.take(NEVER)
        slots.give()
    assert slots.ahead == 5
    clock.now += 0.3
    assert slots.ahead == 0


async def test_of_what_may_be_taken_ahead_half_is_used_up_before_more_is_wanted() -> None:
    slots = Slots(8)
    slots.waiting = 7
    await asyncio.wait_for(slots.wanted(), timeout=1)
    slots.waiting = 8
    wanted = asyncio.ensure_future(slots.wanted())
    await asyncio.sleep(0)
    for left in (7, 6, 5, 4):
        slots.waiting = left
        slots.notify()
        assert await asyncio.wait([wanted], timeout=0.01) == (set(), {wanted})
    slots.waiting = 3
    slots.notify()
    await asyncio.wait_for(wanted, timeout=1)


async def test_who_comes_first_gets_the_slot() -> None:
    slots = Slots(1)
    assert await slots.take(NEVER)
    turns = [asyncio.ensure_future(slots.take(timedelta(seconds=5))) for _ in range(3)]
    await asyncio.sleep(0)
    order = []
    for _ in turns:
        slots.give()
        await asyncio.sleep(0)
        order.append([turn.done() for turn in turns])
    assert order == [[True, False, False], [True, True, False], [True, True, True]]


async def test_a_slot_that_comes_too_late_is_not_lost() -> None:
    slots = Slots(1)
    assert await slots.take(NEVER)
    assert not await slots.take(timedelta(milliseconds=1))
    waiting = asyncio.ensure_future(slots.take(timedelta(seconds=5)))
    await asyncio.sleep(0)
    slots.give()
    waiting.cancel()  # at the moment at which it has it
    await asyncio.wait([waiting])
    assert slots.free == 1


async def test_slots_are_full_for_as_long_as_none_has_come_free() -> None:
    clock = Clock()
    slots = Slots(1, clock)
    assert await slots.take(NEVER)
    turn = asyncio.ensure_future(slots.take(timedelta(seconds=5)))
    await asyncio.sleep(0)
    clock.now += 3
    assert slots.full_for == 3
    slots.give()
    await turn
    assert slots.full_for == 0
    clock.now += 2
    assert slots.full_for == 2
    slots.give()
    assert slots.full_for == 0


async def test_slots_are_stuck_once_all_of_them_are() -> None:
    clock = Clock()
    slots = Slots(2, clock)
    slots.note_stuck("one")
    clock.now += 10
    assert slots.stuck_for() == 0
    slots.note_stuck("other")
    clock.now += 5
    assert slots.stuck_for() == 5
    slots.note_ended("one")
    assert slots.stuck_for() == 0
    assert slots.stuck == 1


def test_queues_with_a_number_have_slots_of_their_own() -> None:
    def found(queues: Any) -> list[tuple[list[str], int]]:
        return [(names, slots.count) for names, slots in groups(Settings(worker_queues=queues, worker_prefetch=5))]

    assert found("default:8,mail:2") == [(["default"], 8), (["mail"], 2)]
    assert found("default, mail ,bulk:1") == [(["default", "mail"], 5), (["bulk"], 1)]
    assert found("a:b") == [(["a:b"], 5)]


@pytest.mark.parametrize("queues", ["default:0", "default:99999"])
def test_a_queue_without_slots_is_refused(queues: str) -> None:
    with pytest.raises(ValueError, match="worker_queues"):
        Settings(worker_queues=queues)  # type: ignore[arg-type]


async def test_a_full_queue_does_not_take_the_slots_of_another(bench: Bench) -> None:
    release = asyncio.Event()

    @task("long")
    async def long(payload: Any) -> None:
        await release.wait()

    async with narrow(bench, long, worker_queues={"default": 2, "mail": 1}):
        waiting = [await bench.create("long") for _ in range(10)]
        mail = await bench.create("message", {"message": "at once"}, queue="mail")
        assert (await bench.end(mail)).status == "DONE"
        release.set()
        assert {(await bench.end(one)).status for one in waiting} == {"DONE"}


async def test_no_more_run_at_once_than_there_are_slots(bench: Bench) -> None:
    running, most = 0, 0

    @task("counted")
    async def counted(payload: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1

    ids = [await bench.create("counted") for _ in range(100)]
    async with narrow(bench, counted, worker_prefetch=3):
        assert {(await bench.end(one)).status for one in ids} == {"DONE"}
    assert most == 3


async def test_short_tasks_are_claimed_in_sets_however_few_slots_there_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    real = tasks.claim

    async def claim(engine: Any, ids: list[str], **options: Any) -> Any:
        sizes.append(len(ids))
        return await real(engine, ids, **options)

    @task("short")
    async def short(payload: Any) -> None:
        pass

    monkeypatch.setattr(tasks, "claim", claim)
    ids = [await bench.create("short") for _ in range(600)]
    async with narrow(bench, short, worker_prefetch=2):
        assert {(await bench.end(one)).status for one in ids} == {"DONE"}
    assert max(sizes) > 20
    assert {(await bench.get(one)).attempt for one in ids[::50]} == {1}


async def test_a_message_is_acknowledged_once_its_claim_is_committed(bench: Bench) -> None:
    """So that no handler, however long, meets the broker's acknowledgement time-out."""
    release = asyncio.Event()

    @task("long")
    async def long(payload: Any) -> None:
        await release.wait()

    async with narrow(bench, long):
        task_id = await bench.create("long")
        await bench.reach(task_id, "PROCESSING")
        await bench.until_idle()
        assert (await bench.get(task_id)).status == "PROCESSING"
        release.set()
        assert (await bench.end(task_id)).status == "DONE"
