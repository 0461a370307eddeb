"""What a strict type checker sees in a project that uses TaskFlow: what is right passes, what is wrong is found."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import taskflow

RIGHT: Final = """
import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from pydantic import BaseModel

from taskflow import Client, Context, Handle, Permanent, RetryLater, Snooze, SyncClient, TaskInfo, middleware, task
from taskflow.errors import InvalidTask, TaskFailed
from taskflow.testing import run


class Order(BaseModel):
    sku: str


class Receipt(BaseModel):
    total: int


@task("order", queue="shop", max_attempts=3, timeout=timedelta(seconds=30))
async def order(payload: Order, ctx: Context) -> Receipt:
    ctx.progress(0.5, "half")
    if ctx.attempt == 1:
        raise RetryLater(delay=timedelta(seconds=5))
    child = await ctx.submit(plain, payload, title="Child")
    assert_type(child, Handle[Receipt])
    return assert_type(await child.result(), Receipt)


@task("plain", timeout=30)
def plain(payload: Order) -> Receipt:
    raise Snooze(delay=5) if payload.sku else Permanent("never")


@task("plain-with-context")
def plain_with_context(payload: Order, ctx: Context) -> int:
    return 0 if ctx.cancelled else ctx.max_attempts


@task("nothing")
async def nothing(payload: None) -> str:
    return "nothing"


@middleware
async def logged(info: TaskInfo, ctx: Context) -> AsyncIterator[None]:
    print(info.kind, info.created_at.isoformat(), ctx.task_id)
    yield


async def use() -> None:
    async with Client("http://host", token="secret") as tasks:
        handle = await tasks.submit(order, Order(sku="A"), title="One", queue="shop", max_attempts=2, key="k")
        assert_type(handle, Handle[Receipt])
        assert_type(await handle.result(timeout=30), Receipt)
        assert_type(await (await tasks.submit(plain, Order(sku="A"), delay=5.0)).result(), Receipt)
        number = await tasks.submit(plain_with_context, Order(sku="A"), run_at=datetime.now(UTC))
        assert_type(await number.result(), int)
        assert_type(await (await tasks.submit(nothing, delay=timedelta(hours=1))).result(), str)
        assert_type(await tasks.submit("kind", {"any": "thing"}), Handle[Any])
        assert_type(tasks.handle("1", order), Handle[Receipt])
        assert_type(tasks.handle("1", plain), Handle[Receipt])
        assert_type(tasks.handle("1"), Handle[Any])
        many = await tasks.submit_many([(order, Order(sku="A")), (order, Order(sku="B"))])
        assert_type(many, list[Handle[Receipt]])
        await tasks.submit_many([(order, Order(sku="A"), {"title": "Two"})])
        await tasks.submit_many([(order, Order(sku="A")), ("kind", None), (nothing, None, {"key": "k"})])
        assert_type(await tasks.get("1"), TaskInfo | None)
        async for info in tasks.list(status="DONE", kind=["order"]):
            assert_type(info, TaskInfo)
        async for event in handle.events():
            print(event.status, event.updated_at.isoformat(), (event.progress or 0.0) * 100)
        assert_type(await handle.cancel(), TaskInfo)
        try:
            await handle.result()
        except TaskFailed as failed:
            print(failed.error.type, failed.error.message, failed.error.traceback)
        except InvalidTask as invalid:
            print(invalid.errors["payload.sku"])
    assert_type(await order(Order(sku="A"), Context.__new__(Context)), Receipt)
    outcome = await run(order, {"sku": "A"}, attempt=2)
    print(outcome.status == "DONE", outcome.progress == [(0.5, "half")], outcome.retry_in)


def use_threads() -> None:
    with SyncClient() as tasks:
        handle = tasks.submit(order, Order(sku="A"))
        assert_type(handle.result(timeout=3), Receipt)
        assert_type(tasks.handle("1", plain).result(), Receipt)
        assert_type([one.result() for one in tasks.submit_many([(order, Order(sku="A"))])], list[Receipt])
        for event in handle.events():
            print(event.version)


asyncio.run(use())
"""

WRONG: Final = """
from taskflow import Client, Context, RetryLater, Snooze, SyncClient, middleware, task
from taskflow.testing import run
from shop import Order, nothing, order, plain


async def use(tasks: Client, threads: SyncClient, ctx: Context) -> None:
    await tasks.submit(order, {"sku": "A"})  # wrong
    await tasks.submit(order, "A")  # wrong
    await tasks.submit(plain, 5)  # wrong
    await tasks.submit(order)  # wrong
    await tasks.submit(nothing, Order(sku="A"))  # wrong
    await tasks.submit(5)  # wrong
    await tasks.submit(order, Order(sku="A"), retries=3)  # wrong
    await tasks.submit(order, Order(sku="A"), delay="soon")  # wrong
    await tasks.submit(order, Order(sku="A"), run_at="2030-01-01T00:00:00Z")  # wrong
    await tasks.submit("kind", None, max_attempts="3")  # wrong
    handle = await tasks.submit(order, Order(sku="A"))
    made = await handle.result()
    print(made.sku)  # wrong
    text: str = await handle.result()  # wrong
    print(text, handle.result().total)  # wrong
    await handle.result("soon")  # wrong
    print((await tasks.handle("1", plain).result()).size)  # wrong
    print((await tasks.get("1")).title)  # wrong
    async for event in handle.events():
        print(event.result)  # wrong
    async for info in tasks.list(sort="title"):  # wrong
        print(info.title)
    await ctx.submit(order, {"sku": "A"})  # wrong
    ctx.progress("half")  # wrong
    threads.submit(order, "A")  # wrong
    print(threads.submit(order, Order(sku="A")).result().sku)  # wrong
    outcome = await run(order, {"sku": "A"}, tries=2)  # wrong
    print(outcome.state)  # wrong
    raise RetryLater(delay="soon")  # wrong


@task("other", max_attempts="3")  # wrong
def other(payload: Order) -> None:
    raise Snooze()  # wrong


@middleware  # wrong
def not_a_generator(info: str) -> None: ...
"""

CONFIG: Final = """
[mypy]
strict = true
[mypy-taskflow.*]
follow_imports = silent
[mypy-taskflow.mounting,taskflow.db.models]
follow_imports = skip
"""
"""Where the package is installed its own modules are silent anyway. What is skipped has no part in what is checked."""


@pytest.mark.timeout(240)
def test_strict_checker_finds_what_is_wrong_and_nothing_else(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    assert pytestconfig.cache
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "taskflow").symlink_to(Path(taskflow.__file__).parent)
    (tmp_path / "mypy.ini").write_text(CONFIG)
    (tmp_path / "shop.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    cache = pytestconfig.cache.mkdir("mypy_of_a_project")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "--no-error-summary", "shop.py", "wrong.py"]
    checked = subprocess.run(command, cwd=tmp_path, env={"MYPYPATH": "path"}, capture_output=True, text=True)
    found = [re.match(r"([^:]+):(\d+): error: ", line) for line in checked.stdout.splitlines()]
    lines = {(one[1], int(one[2])) for one in found if one}
    wanted = {("wrong.py", number) for number, line in enumerate(WRONG.splitlines(), 1) if line.endswith("# wrong")}
    assert lines == wanted, checked.stdout + checked.stderr
