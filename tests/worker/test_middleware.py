"""Middleware surrounds every attempt: it sees the task, what the attempt raised, and its own errors count."""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

from taskflow.infra.task_info import TaskInfo
from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, middleware, task
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import StartWorker

session: ContextVar[str] = ContextVar("session", default="none")


@task("fine")
async def fine(payload: Any) -> str:
    return session.get()


@task("in-a-thread")
def in_a_thread(payload: Any) -> str:
    return session.get()


@task("broken", max_attempts=1)
async def broken(payload: Any) -> None:
    raise ValueError("no luck")


async def test_every_attempt_is_surrounded_the_first_outermost(bench: Bench, start_worker: StartWorker) -> None:
    seen: list[str] = []

    @middleware
    async def outer(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        seen.append(f"outer {task.kind} {task.status} {task.attempt} {ctx.attempt}")
        yield
        seen.append("outer ends")

    @middleware
    async def inner(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        seen.append("inner")
        yield
        seen.append("inner ends")

    async with start_worker(outer, inner, fine):
        await bench.run("fine")
    assert seen == ["outer fine PROCESSING 1 1", "inner", "inner ends", "outer ends"]


@pytest.mark.parametrize("kind", ["fine", "in-a-thread"])
async def test_what_it_sets_is_there_for_the_handler(bench: Bench, start_worker: StartWorker, kind: str) -> None:
    @middleware
    async def with_session(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        token = session.set("open")
        yield
        session.reset(token)

    async with start_worker(with_session, fine, in_a_thread):
        assert (await bench.run(kind)).result == "open"


@pytest.mark.parametrize(
    ("kind", "payload", "name"), [("broken", None, "ValueError"), ("picky", {"number": "x"}, "InvalidPayload")]
)
async def test_what_the_attempt_raises_is_raised_at_the_yield_and_stays_when_it_is_caught(
    bench: Bench, start_worker: StartWorker, kind: str, payload: Any, name: str
) -> None:
    seen: list[str] = []

    @task("picky")
    async def picky(payload: dict[str, int]) -> None: ...

    @middleware
    async def tracking(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - as an error tracker does that forgets to raise it
            seen.append(type(error).__name__)

    async with start_worker(tracking, broken, picky):
        ended = await bench.run(kind, payload)
    assert seen == [name]
    assert ended.status == "FAILED"
    assert ended.error
    assert ended.error["type"] == name


async def test_an_error_of_its_own_fails_the_attempt(bench: Bench, start_worker: StartWorker) -> None:
    @middleware
    async def translating(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        try:
            yield
        except ValueError as error:
            raise Permanent("there is no such customer") from error

    @middleware
    async def refusing(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        if task.kind == "fine":
            raise PermissionError("not here")
        yield

    @task("patient", max_attempts=3, backoff=SOON)
    async def patient(payload: Any) -> None:
        raise ValueError("no luck")

    async with start_worker(translating, refusing, fine, patient):
        refused, translated = await bench.run("fine", max_attempts=1), await bench.run("patient")
    assert refused.error
    assert (refused.status, refused.error["type"]) == ("FAILED", "PermissionError")
    assert translated.error
    assert (translated.status, translated.error["type"], translated.attempt) == ("FAILED", "Permanent", 1)


async def test_one_that_does_not_yield_fails_the_attempt_and_not_the_worker(
    bench: Bench, start_worker: StartWorker
) -> None:
    @middleware
    async def silent(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        if task.kind == "never":
            yield

    async with start_worker(silent, fine):
        ended = await bench.run("fine", max_attempts=1)
    assert ended.error
    assert "didn't yield" in ended.error["message"]


def test_what_is_no_async_generator_function_is_refused() -> None:
    async def plain(task: TaskInfo, ctx: Context) -> None: ...

    with pytest.raises(TypeError, match="async generator function"):
        middleware(plain)  # type: ignore[type-var]
