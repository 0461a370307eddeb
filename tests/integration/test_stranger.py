"""The wheel in an empty environment, in a project that has every name that we have in our own checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.integration.program import CHECKOUT, free_port

pytestmark = pytest.mark.timeout(300)

HANDLERS = """
from dataclasses import dataclass

import db
import infra
import settings
import tests
import worker
import graph
import alembic_helpers
from taskflow import Context, task

@dataclass
class Order:
    number: int

@task("bill", queue="default")
async def bill(payload: Order, ctx: Context) -> list[str]:
    modules = (db, infra, settings, tests, worker, graph, alembic_helpers)
    return [str(payload.number), *(module.WHOSE for module in modules)]
"""
CALL = """
import json, sys
from taskflow import SyncClient
from taskflow_app import Order, bill
with SyncClient() as tasks:
    print(json.dumps(tasks.submit(bill, Order(7)).result(timeout=30)))
"""
PACKAGES = ("db", "infra", "tests")
MODULES = ("worker", "graph", "settings", "alembic_helpers")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    ran = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=CHECKOUT)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel and what it needs, at the versions that are tested."""
    folder = tmp_path_factory.mktemp("environment")
    uv = Path(sys.executable).with_name("uv")
    run(uv, "venv", "--quiet", "--python", sys.executable, folder, cwd=CHECKOUT)
    python = folder / "bin" / "python"
    command: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--constraint",
        "requirements.lock",
        wheel,
    ]
    installed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=200, check=False)
    if installed.returncode != 0 and not services.required():
        pytest.skip(f"the package index does not answer: {installed.stderr[-300:]}")
    assert installed.returncode == 0, installed.stderr
    return python


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in PACKAGES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"WHOSE = 'their {name}'\n")
    for name in MODULES:
        (folder / f"{name}.py").write_text(f"WHOSE = 'their {name}'\n")
    (folder / "alembic").mkdir()
    (folder / "alembic" / "env.py").write_text("raise AssertionError('their migrations are not ours to run')\n")
    (folder / "taskflow_app.py").write_text(HANDLERS)
    return folder


@pytest.fixture
def url(python: Path, project: Path) -> Iterator[str]:
    """Where `taskflow up` serves, in the project's own folder."""
    port = free_port()
    ours = {"WORKER_HANDLERS": "taskflow_app", "API_PORT": str(port), "LOG_LEVEL": "WARNING"}
    with (project / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [python.with_name("taskflow"), "up"], cwd=project, env=clean() | ours, stdout=log, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{port}"
            assert process.poll() is None, (project / "up.log").read_text()
        finally:
            process.terminate()
            assert process.wait(30) == 0, (project / "up.log").read_text()


def clean() -> dict[str, str]:
    """Without what points a program at this checkout or at the services of these tests."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_URL") and name != "PYTHONPATH"}


def call(python: Path, project: Path, url: str) -> Any:
    """The project's own program, tried until the server answers."""
    (project / "call.py").write_text(CALL)
    deadline = time.monotonic() + 60
    while True:
        ran = subprocess.run(
            [python, "call.py"], cwd=project, env=clean() | {"TASKFLOW_URL": url}, capture_output=True, text=True
        )
        if ran.returncode == 0:
            return json.loads(ran.stdout)
        assert "No TaskFlow answers" in ran.stderr, ran.stderr
        assert time.monotonic() < deadline, ran.stderr


def test_the_wheel_has_one_name_and_no_test(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"taskflow"}
    assert "taskflow/py.typed" in names
    assert [name for name in names if "/tests/" in name or "/test_" in name or "deploy" in name] == []
    assert wheel.name.startswith("taskflow_server-")


def test_every_name_of_the_project_is_its_own(python: Path, project: Path, url: str) -> None:
    began = time.monotonic()
    assert call(python, project, url) == [
        "7",
        *(f"their {name}" for name in ("db", "infra", "settings", "tests", "worker", "graph", "alembic_helpers")),
    ]
    print(f"first DONE {time.monotonic() - began:.1f} s after the start")


def test_a_module_of_handlers_that_is_called_taskflow_is_told_so(python: Path, project: Path) -> None:
    (project / "taskflow.py").write_text(HANDLERS)
    command: list[str | Path] = [python.with_name("taskflow"), "up"]
    ran = subprocess.run(
        command, cwd=project, env=clean() | {"WORKER_HANDLERS": "taskflow"}, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        "taskflow: WORKER_HANDLERS: taskflow is TaskFlow itself: give the module of your handlers another name\n"
    )


def test_python_that_only_imports_it_is_quick(python: Path, tmp_path: Path) -> None:
    def seconds(code: str) -> float:
        began = time.perf_counter()
        run(python, "-c", code, cwd=tmp_path)
        return time.perf_counter() - began

    best = min(seconds("import taskflow") - seconds("pass") for _ in range(5))
    assert best < 0.15
