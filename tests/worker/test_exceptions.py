"""Whatever a handler raises is recorded as its failure, and the worker goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from taskflow.worker.task import task
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import StartWorker


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("there are no words for it")


class Base(BaseException):
    """As pytest's, trio's and others' that are no Exception."""


RAISED: list[tuple[Callable[[], BaseException], str, str]] = [
    (lambda: ValueError("no"), "ValueError", "no"),
    (lambda: ValueError(), "ValueError", "ValueError"),
    (lambda: SystemExit(3), "SystemExit", "3"),
    (lambda: KeyboardInterrupt(), "KeyboardInterrupt", "KeyboardInterrupt"),
    (lambda: GeneratorExit(), "GeneratorExit", "GeneratorExit"),
    (lambda: asyncio.CancelledError(), "CancelledError", "CancelledError"),
    (lambda: TimeoutError("of its own"), "TimeoutError", "of its own"),
    (lambda: StopIteration(7), "", ""),
    (lambda: Base("unusual"), "Base", "unusual"),
    (lambda: ExceptionGroup("two", [ValueError("a"), KeyError("b")]), "ExceptionGroup", "two (2 sub-exceptions)"),
    (lambda: Mute(), "Mute", "Mute"),
    (lambda: ValueError("a\ud800b\0c"), "ValueError", "a\\ud800b\\0c"),
    (lambda: ValueError("x" * 100_000), "ValueError", "x" * 2_000),
]


@pytest.mark.parametrize(("make", "type_", "message"), RAISED)
@pytest.mark.parametrize("in_thread", [False, True], ids=["async", "thread"])
async def test_whatever_a_handler_raises_is_its_failure_and_nobody_elses(
    bench: Bench,
    start_worker: StartWorker,
    make: Callable[[], BaseException],
    type_: str,
    message: str,
    in_thread: bool,
) -> None:
    @task("raise", max_attempts=1)
    async def raise_(payload: Any) -> None:
        raise make()

    @task("raise", max_attempts=1)
    def raise_in_thread(payload: Any) -> None:
        raise make()

    async with start_worker(raise_in_thread if in_thread else raise_):
        ended = await bench.run("raise")
        assert (await bench.run("message", {"message": "still here"})).status == "DONE"
        await bench.until_idle()
    assert (ended.status, ended.attempt) == ("FAILED", 1)
    assert ended.error
    if type_:
        assert (ended.error["type"], ended.message) == (type_, message)
        assert type_ in (ended.error["traceback"] or "") or len(message) == 2_000


async def test_a_long_traceback_keeps_its_end(bench: Bench, start_worker: StartWorker) -> None:
    @task("deep", max_attempts=1)
    def deep(payload: Any) -> None:
        raise ValueError("x" * 50_000 + "the end")

    async with start_worker(deep):
        ended = await bench.run("deep")
    assert ended.error
    assert ended.error["traceback"]
    assert len(ended.error["traceback"]) <= 16_000
    assert ended.error["traceback"].rstrip().endswith("the end")


async def test_a_handler_that_cancels_itself_has_failed(bench: Bench, start_worker: StartWorker) -> None:
    """It is not given back as from a worker that stops, uncounted, for ever."""

    @task("suicidal", max_attempts=2, backoff=SOON)
    async def suicidal(payload: Any) -> None:
        attempt = asyncio.current_task()
        assert attempt
        attempt.cancel()
        await asyncio.sleep(0)

    async with start_worker(suicidal):
        ended = await bench.run("suicidal")
    assert (ended.status, ended.attempt) == ("FAILED", 2)
    assert ended.error
    assert ended.error["type"] == "CancelledError"
