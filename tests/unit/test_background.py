"""What runs beside everything else: it is begun anew when it fails, and ends when it is told to."""

import asyncio
from datetime import timedelta

import pytest

from taskflow.infra.background import supervised
from taskflow.infra.liveness import Liveness
from tests.contracts.waiting import logged


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskflow.infra.background.FIRST_AGAIN", timedelta(milliseconds=1))


@pytest.mark.parametrize("error", [RuntimeError("unable to perform operation; the handler is closed"), KeyError("x")])
async def test_a_loop_that_fails_is_logged_and_begun_anew(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    errors, turned = iter([error, error]), asyncio.Event()

    async def loop() -> None:
        if failure := next(errors, None):
            raise failure
        turned.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), supervised(loop, name="the loop"):
        await turned.wait()
    assert await logged(caplog, "the loop failed")


async def test_a_cancellation_that_nobody_asked_for_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    strays, turned = iter([asyncio.CancelledError()]), asyncio.Event()

    async def loop() -> None:
        if stray := next(strays, None):
            raise stray
        turned.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), supervised(loop, name="the loop"):
        await turned.wait()
    assert await logged(caplog, "the loop was cut off")


async def test_who_cancels_every_task_ends_no_loop(caplog: pytest.LogCaptureFixture) -> None:
    turns, again = 0, asyncio.Event()

    async def loop() -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            again.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), supervised(loop, name="the loop"):
        for _ in range(2):
            await asyncio.sleep(0.02)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        await again.wait()
    assert await logged(caplog, "the loop was cut off")


async def test_a_loop_that_returns_has_ended() -> None:
    turns = []

    async def loop() -> None:
        turns.append(1)

    async with asyncio.timeout(5), supervised(loop, name="the loop") as task:
        await task
        await asyncio.sleep(0.01)
    assert turns == [1]


def test_a_loop_that_was_heard_once_is_missed() -> None:
    now = 0.0
    liveness = Liveness(clock=lambda: now)
    liveness.note("dispatcher")
    liveness.note("heartbeat")
    now = 29.0
    liveness.note("heartbeat")
    assert liveness.silent() == []
    now = 31.0
    assert liveness.silent() == ["dispatcher"]
    liveness.forget("dispatcher")
    assert liveness.silent() == []
