"""TaskFlow's processes as they come: its default settings, its log in a file."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.program import environment
from tests.performance.processes import COMMAND, free_port, started, until_healthy
from tests.performance.stage import Stage

Running = tuple[str, subprocess.Popen[bytes]]
"""Where it answers, and the process."""


def migrate(stage: Stage) -> None:
    subprocess.run([COMMAND, "migrate"], env=stage.ours, check=True)


@asynccontextmanager
async def api(stage: Stage) -> AsyncIterator[Running]:
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with started(COMMAND, "api", "--port", port, env=stage.ours, log=stage.log("api")) as process:
        await until_healthy(url)
        yield url, process


def worker(stage: Stage) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return started(COMMAND, "worker", env=stage.ours, log=stage.log("worker"))


@asynccontextmanager
async def embedded(stage: Stage) -> AsyncIterator[Running]:
    """`taskflow up` on a SQLite file of its own."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as folder:
        env = environment({"DB_URL": f"sqlite+aiosqlite:///{Path(folder) / 'taskflow.db'}"})
        env["WORKER_HANDLERS"] = stage.ours["WORKER_HANDLERS"]
        with started(COMMAND, "up", "--port", port, env=env, log=stage.log("up")) as process:
            await until_healthy(url)
            yield url, process
