"""Whatever a handler's author wrote costs that task alone: it becomes data, and the worker goes on."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Never
from uuid import UUID

import pydantic
import pytest

from taskflow.db.models import Task
from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, RetryLater, Snooze, task
from tests.worker.bench import SOON, Bench, until
from tests.worker.conftest import StartWorker


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Leaving(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Disguised(Exception):
    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            raise ZeroDivisionError
        return super().__getattribute__(name)


class Noted(Exception):
    def __getattribute__(self, name: str) -> Any:
        if name == "__notes__":
            raise KeyboardInterrupt
        return super().__getattribute__(name)


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise ValueError("no name")


class Anonymous(Exception, metaclass=Nameless):
    pass


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)


class NoText(Exception):
    def __str__(self) -> Any:
        return None


def _nested() -> BaseException:
    error: BaseException = ValueError("inmost")
    for _ in range(2000):
        error = BaseExceptionGroup("outer", [error])
    return error


UNRENDERABLE: dict[str, Callable[[], BaseException]] = {
    "a text where a number belongs": lambda: SyntaxError("bad template", ("t.html", 3, "7", "{{ x }")),  # type: ignore[arg-type]
    "a text that raises": Mute,
    "a text that leaves": Leaving,
    "a text without end": Endless,
    "no text at all": NoText,
    "a class that raises": Disguised,
    "notes that raise": Noted,
    "a name that raises": Anonymous,
    "groups in groups": _nested,
    "an interrupt": KeyboardInterrupt,
    "an exit": SystemExit,
    "the end of a generator": GeneratorExit,
    "no more": StopAsyncIteration,
    "a lone surrogate": lambda: ValueError("\ud800 \0"),
}


@pytest.mark.parametrize("in_thread", [False, True], ids=["async", "thread"])
@pytest.mark.parametrize("error", UNRENDERABLE.values(), ids=UNRENDERABLE)
async def test_an_error_that_can_not_be_rendered_fails_its_task_alone(
    bench: Bench, start_worker: StartWorker, error: Callable[[], BaseException], in_thread: bool
) -> None:
    @task("breaks", max_attempts=1)
    async def breaks(payload: Any) -> Never:
        raise error()

    @task("breaks", max_attempts=1)
    def breaks_in_thread(payload: Any) -> Never:
        raise error()

    async with start_worker(breaks_in_thread if in_thread else breaks):
        ended = [await bench.run("breaks") for _ in range(10)]  # more than there are slots
        assert (await bench.run("message", {"message": "well"})).status == "DONE"
    for one in ended:
        assert one.status == "FAILED"
        assert one.error
        assert one.error["type"]


async def grouped(error: Exception) -> None:
    async def fail() -> None:
        raise error

    async with asyncio.TaskGroup() as group:
        group.create_task(fail())
        group.create_task(asyncio.Event().wait())


@pytest.mark.parametrize("deep", [False, True], ids=["in a group", "in a group of a group"])
async def test_what_an_error_asks_for_holds_in_a_group_too(bench: Bench, start_worker: StartWorker, deep: bool) -> None:
    errors = {"permanent": Permanent("never"), "later": RetryLater("later", delay=500), "snooze": Snooze(delay=500)}

    @task("grouped", max_attempts=3)
    async def work(payload: dict[str, str]) -> None:
        error = errors[payload["error"]]
        await grouped(ExceptionGroup("inner", [error]) if deep else error)

    async with start_worker(work):
        permanent = await bench.run("grouped", {"error": "permanent"})
        later = await bench.reach(await bench.create("grouped", {"error": "later"}), "PENDING", attempt=1)
        await bench.reach(await bench.create("grouped", {"error": "snooze"}), "PENDING", attempt=0)
    assert (permanent.status, permanent.attempt, permanent.message) == ("FAILED", 1, "never")
    assert waits(later) > 400
    assert later.error
    assert (later.error["type"], later.error["message"]) == ("RetryLater", "later")


def waits(one: Task) -> float:
    assert one.run_at
    return (one.run_at - one.updated_at).total_seconds()


async def test_a_group_of_plain_errors_is_tried_again(bench: Bench, start_worker: StartWorker) -> None:
    @task("grouped", max_attempts=2, backoff=SOON)
    async def work(payload: Any, ctx: Context) -> str:
        if ctx.attempt == 1:
            await grouped(ValueError("once"))
        return "well"

    async with start_worker(work):
        assert (await bench.run("grouped")).result == "well"


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    at: datetime
    id: UUID
    tags: set[str]


async def test_a_strict_model_takes_what_it_takes_from_json(bench: Bench, start_worker: StartWorker) -> None:
    @task("strict", max_attempts=1)
    async def strict(payload: Strict) -> list[str]:
        return [payload.at.isoformat(), str(payload.id), *sorted(payload.tags)]

    given = {"at": "2026-01-31T09:30:00Z", "id": "0190e1d2-0000-7000-8000-000000000000", "tags": ["b", "a"]}
    async with start_worker(strict):
        ended = await bench.run("strict", given)
        refused = await bench.run("strict", given | {"id": 5})
    assert ended.result == ["2026-01-31T09:30:00+00:00", given["id"], "a", "b"]
    assert refused.error
    assert refused.error["type"] == "InvalidPayload"


@pytest.mark.parametrize(
    "result", [{1: "a", "1": "b"}, {None: 1, "null": 2}, [{True: 1, "true": 2}], {1.5: 0, "1.5": 1}]
)
async def test_a_result_that_would_lose_a_key_is_refused(bench: Bench, start_worker: StartWorker, result: Any) -> None:
    @task("collides", max_attempts=1)
    async def collides(payload: Any) -> Any:
        return result

    async with start_worker(collides):
        ended = await bench.run("collides")
    assert ended.status == "FAILED"
    assert ended.error
    assert ended.error["type"] == "InvalidResult"
    assert "two keys that are one in JSON" in ended.error["message"]


async def test_what_a_plain_function_returns_is_awaited_and_can_be_cancelled(
    bench: Bench, start_worker: StartWorker
) -> None:
    """A decorator may hide that what it wraps is a coroutine."""

    waits_in_loop = asyncio.Event()

    async def wait_for_ever(payload: dict[str, bool]) -> str:
        if payload["wait"]:
            waits_in_loop.set()
            await asyncio.Event().wait()
        return "awaited"

    @task("wrapped")
    def wrapped(payload: dict[str, bool]) -> Any:
        return wait_for_ever(payload)

    async with start_worker(wrapped) as worker:
        assert (await bench.run("wrapped", {"wait": False})).result == "awaited"
        waiting = await bench.create("wrapped", {"wait": True})
        await until(waits_in_loop)
        await worker.stop()
    assert (await bench.get(waiting)).status == "PENDING"


@pytest.mark.parametrize("kind", ["send email/now", "", "ä", "a" * 101, ".a"])
def test_a_kind_that_the_api_would_refuse_is_refused_where_it_is_written(kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        task(kind)


def test_a_queue_that_the_api_would_refuse_is_refused_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="queue"):
        task("fine", queue="not/fine")


async def test_a_thread_of_a_handler_that_raises_on_its_own_harms_nobody(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("threads")
    def threads(payload: Any) -> str:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        return "well"

    async with start_worker(threads):
        assert (await bench.run("threads")).result == "well"
