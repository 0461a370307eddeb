"""`taskflow.testing.run`: one attempt as a worker runs it, with nothing beside it."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from taskflow import Context, Permanent, RetryLater, Snooze, TaskInfo, middleware, task
from taskflow.errors import InvalidTask
from taskflow.testing import run, run_sync


class Thumbnail(BaseModel):
    url: str
    width: int = 320


class Made(BaseModel):
    size: int


@task("thumbnail", max_attempts=3)
async def thumbnail(payload: Thumbnail, ctx: Context) -> Made:
    ctx.progress(0.4, "downloading")
    ctx.progress(1.0)
    return Made(size=payload.width * ctx.attempt)


@pytest.mark.parametrize("payload", [{"url": "a"}, Thumbnail(url="a")])
async def test_an_attempt_ends_as_in_a_worker(payload: object) -> None:
    outcome = await run(thumbnail, payload, attempt=2)
    assert (outcome.status, outcome.result) == ("DONE", {"size": 640})
    assert outcome.progress == [(0.4, "downloading"), (1.0, None)]
    assert (outcome.error, outcome.retry_in) == (None, None)


async def test_a_payload_that_does_not_fit_is_failed_with_its_field() -> None:
    outcome = await run(thumbnail, {"width": "wide"})
    assert outcome.status == "FAILED"
    assert outcome.error
    assert outcome.error.type == "InvalidPayload"
    assert "url: Field required" in outcome.error.message
    assert "width: " in outcome.error.message


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        (ValueError("no luck"), 1, ("PENDING", "ValueError", 1.0)),
        (ValueError("no luck"), 3, ("FAILED", "ValueError", None)),
        (Permanent("never"), 1, ("FAILED", "Permanent", None)),
        (RetryLater(delay=90), 1, ("PENDING", "RetryLater", 90.0)),
        (RetryLater(delay=90), 3, ("FAILED", "RetryLater", None)),
        (Snooze(delay=timedelta(minutes=1)), 3, ("PENDING", None, 60.0)),
    ],
)
async def test_what_is_raised_says_what_comes_next(error: Exception, attempt: int, expected: Any) -> None:
    @task("broken", max_attempts=3)
    def broken(payload: Any) -> None:
        raise error

    outcome = await run(broken, attempt=attempt)
    assert (outcome.status, outcome.error and outcome.error.type, outcome.retry_in) == expected
    assert not outcome.error or "in broken" in (outcome.error.traceback or "")


async def test_a_handler_that_is_asked_to_stop() -> None:
    @task("loop")
    def loop(payload: Any, ctx: Context) -> None:
        while not ctx.cancelled:
            time.sleep(0.01)

    @task("wait")
    async def wait(payload: Any) -> None:
        await asyncio.sleep(60)

    @task("deaf")
    async def deaf(payload: Any) -> str:
        return "did not notice"

    assert (await run(loop, cancelled=True)).status == "CANCELLED"
    assert (await run(wait, cancelled=True)).status == "CANCELLED"
    assert (await run(deaf, cancelled=True)).status == "DONE"


async def test_what_it_submits_is_told_and_checked() -> None:
    @task("album")
    async def album(payload: dict[str, Any], ctx: Context) -> str:
        untyped: Any = payload
        submitted = await ctx.submit(thumbnail, untyped, title="One", delay=5)
        return str(submitted.id)

    outcome = await run(album, {"url": "a"})
    assert outcome.submitted == [("thumbnail", {"url": "a"}, {"title": "One", "delay": 5})]
    assert len(outcome.result) == 36
    assert (await run(album, {"width": 1}, attempt=3)).error == (await run(album, {"width": 1}, attempt=3)).error
    failed = await run(album, {"width": 1}, attempt=3, max_attempts=3)
    assert failed.error
    assert failed.error.type == InvalidTask.__name__


async def test_who_waits_for_what_was_submitted_is_told_that_there_is_nothing_behind_it() -> None:
    @task("album")
    async def album(payload: Any, ctx: Context) -> None:
        await (await ctx.submit(thumbnail, Thumbnail(url="a"))).result()

    outcome = await run(album)
    assert outcome.error
    assert "take the fixture taskflow_app" in outcome.error.message


async def test_middleware_can_be_tried_too() -> None:
    seen: list[str] = []

    @middleware
    async def noting(task: TaskInfo, ctx: Context) -> AsyncIterator[None]:
        seen.append(task.kind)
        yield

    assert (await run(thumbnail, {"url": "a"}, middleware=[noting])).status == "DONE"
    assert seen == ["thumbnail"]


def test_secrets_reach_the_handler() -> None:
    class Login(BaseModel):
        password: SecretStr

    @task("login")
    def login(payload: Login) -> str:
        return payload.password.get_secret_value()

    assert run_sync(login, Login(password=SecretStr("open"))).result == "open"


def test_without_a_loop() -> None:
    assert run_sync(thumbnail, {"url": "a"}, attempt=3).result == {"size": 960}
