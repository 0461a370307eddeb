"""`ctx.submit`: created at once, the n-th the same task in every attempt, and never twice."""

from typing import Any

from pydantic import BaseModel

from taskflow.db import queries
from taskflow.db.filters import Filter, Order
from taskflow.db.models import Task
from taskflow.infra.errors import Conflict, InvalidTask
from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.worker.bench import SOON, Bench
from tests.worker.conftest import StartWorker


class Part(BaseModel):
    number: int


@task("part", queue="default")
async def part(payload: Part) -> int:
    return payload.number


async def children(bench: Bench) -> list[Task]:
    where, order = Filter(kinds=("part",)), Order(descending=False)
    return await queries.page(bench.resources.engine, where, order, after=None, limit=100)


async def test_what_a_handler_submits_is_run_and_its_handle_returned(bench: Bench, start_worker: StartWorker) -> None:
    @task("whole")
    async def whole(payload: Any, ctx: Context) -> list[str]:
        return [(await ctx.submit(part, Part(number=n), title=f"Part {n}")).id for n in range(3)]

    async with start_worker(whole, part):
        ended = await bench.run("whole")
        parts = [await bench.end(child) for child in ended.result]
    assert [(one.title, one.status, one.result) for one in parts] == [(f"Part {n}", "DONE", n) for n in range(3)]


async def test_a_rerun_submits_nothing_twice(bench: Bench, start_worker: StartWorker) -> None:
    submitted: list[str] = []

    @task("whole", max_attempts=3, backoff=SOON)
    async def whole(payload: Any, ctx: Context) -> None:
        submitted.extend([(await ctx.submit(part, Part(number=number))).id for number in range(ctx.attempt)])
        if ctx.attempt < 3:
            raise ConnectionError("once more")

    async with start_worker(whole, part):
        await bench.run("whole")
        first, second, third = [one.id for one in await children(bench)]
        assert submitted == [first, first, second, first, second, third]


async def test_the_same_kind_and_payload_twice_are_two_tasks(bench: Bench, start_worker: StartWorker) -> None:
    @task("whole")
    async def whole(payload: Any, ctx: Context) -> list[str]:
        return [(await ctx.submit(part, Part(number=1))).id, (await ctx.submit(part, Part(number=1))).id]

    async with start_worker(whole, part):
        first, second = (await bench.run("whole")).result
    assert first != second


async def test_another_payload_at_the_same_place_is_a_conflict(bench: Bench, start_worker: StartWorker) -> None:
    @task("fickle", max_attempts=2, backoff=SOON)
    async def fickle(payload: Any, ctx: Context) -> str:
        try:
            await ctx.submit(part, Part(number=ctx.attempt))
        except Conflict as error:
            return str(error)
        raise ConnectionError("once more")

    async with start_worker(fickle, part):
        ended = await bench.run("fickle")
    assert "submit number 1 was another one in an earlier attempt" in ended.result


async def test_a_key_of_its_own_is_the_callers(bench: Bench, start_worker: StartWorker) -> None:
    @task("keyed")
    async def keyed(payload: Any, ctx: Context) -> str:
        return (await ctx.submit(part, Part(number=1), key="monthly")).id

    async with start_worker(keyed, part):
        assert (await bench.run("keyed")).result == (await bench.run("keyed")).result


async def test_a_payload_that_does_not_fit_fails_in_the_handler_with_its_fields(
    bench: Bench, start_worker: StartWorker
) -> None:
    @task("careless")
    async def careless(payload: Any, ctx: Context) -> dict[str, str]:
        try:
            await ctx.submit("part", {"number": 2**70}, title=" ")
        except InvalidTask as error:
            return error.errors
        raise AssertionError("it was taken")

    async with start_worker(careless, part):
        assert (await bench.run("careless")).result.keys() == {"payload", "title"}
    assert await children(bench) == []
