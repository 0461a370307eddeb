"""The fixture `taskflow_app`, as a project's own tests take it: in a pytest of their own, with no plugin beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import asyncio
import pytest
import shop
from shop import price

def test_the_sync_client(taskflow_app):
    handle = taskflow_app.sync.submit(price, {"sku": "A-1"})
    assert handle.result(timeout=20) == 3

def test_what_the_handler_calls_can_be_replaced(taskflow_app, monkeypatch):
    monkeypatch.setattr(shop, "look_up", lambda sku: 42)
    assert taskflow_app.sync.submit(price, {"sku": "A-1"}).result(timeout=20) == 42

def test_the_async_client(taskflow_app):
    async def use():
        async with taskflow_app.client as tasks:
            handle = await tasks.submit("price", {"sku": "A-1"})
            return await handle.result(timeout=20), (await handle.task()).status
    assert asyncio.run(use()) == (3, "DONE")

def test_each_test_has_an_empty_database(taskflow_app):
    assert list(taskflow_app.sync.list()) == []
    assert taskflow_app.url.startswith("http://127.0.0.1:")

def test_a_child_can_be_waited_for(taskflow_app):
    assert taskflow_app.sync.submit("sum").result(timeout=20) == 6
"""

SHOP = """
from taskflow import Context, task

def look_up(sku):
    return len(sku)

@task("price")
def price(payload: dict) -> int:
    return look_up(payload["sku"])

@task("sum")
async def total(payload, ctx: Context) -> int:
    handles = [await ctx.submit(price, {"sku": sku}) for sku in ("A-1", "B-2")]
    return sum([await handle.result(timeout=20) for handle in handles])
"""


EDITABLE = "ignore:Module already imported so cannot be rewritten"
"""What pytest says of an editable install."""


def pytest_in(folder: Path, ini: str) -> subprocess.CompletedProcess[str]:
    (folder / "shop.py").write_text(SHOP)
    (folder / "test_shop.py").write_text(TESTS)
    lines = ["[pytest]", "pythonpath = .", "filterwarnings =", "    error", f"    {EDITABLE}", ini]
    (folder / "pytest.ini").write_text("\n".join(lines))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:timeout"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_a_project_tests_its_handlers_on_a_whole_taskflow(tmp_path: Path) -> None:
    ran = pytest_in(tmp_path, "taskflow_handlers = shop")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout


def test_handlers_that_can_not_be_imported_are_named(tmp_path: Path) -> None:
    ran = pytest_in(tmp_path, "taskflow_handlers = nowhere")
    assert ran.returncode == 1
    assert "WORKER_HANDLERS: nowhere can't be imported" in ran.stdout
