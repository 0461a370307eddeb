"""What a program carries that only submits."""

import subprocess
import sys
import time

import pytest

SERVER = {"sqlalchemy", "strawberry", "graphql", "starlette", "uvicorn", "aio_pika", "redis", "alembic", "structlog"}
LATER = {"httpx", "websockets", "anyio"}


def loaded_by(code: str) -> set[str]:
    """The modules, by their first name, that a fresh interpreter has after `code`."""
    program = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "from taskflow import Client, Handle, SyncClient, TaskInfo; Client(); SyncClient()",
        "from taskflow import Context, Permanent, RetryLater, Snooze, middleware, task",
        "import taskflow.errors",
    ],
)
def test_no_import_for_callers_and_handlers_loads_the_server_or_a_transport(code: str) -> None:
    assert not loaded_by(code) & (SERVER | LATER)


def seconds(code: str) -> float:
    """The shortest of several runs: what else the machine does only adds."""
    found = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        found.append(time.perf_counter() - began)
    return min(found)


def test_import_costs_next_to_nothing() -> None:
    assert seconds("import taskflow") - seconds("pass") < 0.15


def test_import_alone_loads_nothing_that_takes_time() -> None:
    assert not loaded_by("import taskflow") & {"pydantic", "asyncio", "orjson", *SERVER, *LATER}


def test_open_client_loads_no_server() -> None:
    code = "import asyncio, taskflow\nasync def main():\n  async with taskflow.Client(): pass\nasyncio.run(main())"
    assert not loaded_by(code) & SERVER


def test_every_name_promised_is_there() -> None:
    import taskflow

    assert all(getattr(taskflow, name) for name in taskflow.__all__)
    assert set(taskflow.__all__) <= set(dir(taskflow))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = taskflow.nothing
