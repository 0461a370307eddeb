"""The peers' processes, each in the peers' own environment, its log in a file."""

import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.performance.environment import PEERS
from tests.performance.ours import Running
from tests.performance.processes import free_port, started, until_healthy
from tests.performance.stage import Stage

STOP: Final = ("--timeout-graceful-shutdown", "2")


def ask(stage: Stage, program: str, *arguments: str, env: Mapping[str, str]) -> Any:
    """Run it to its end; what it prints, as JSON, None when that is nothing."""
    command = [str(stage.python), program, *arguments]
    with stage.log(program.removesuffix(".py")).open("ab") as log:
        answer = subprocess.run(command, env=env, cwd=PEERS, stdout=subprocess.PIPE, stderr=log, check=True).stdout
    return json.loads(answer) if answer else None


@asynccontextmanager
async def served(stage: Stage, name: str, path: str) -> AsyncIterator[Running]:
    """One process of uvicorn, as it comes; but told to stop, it waits for no socket that nobody closes."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    command = (str(stage.python), "-m", "uvicorn", f"{name}:app", "--port", port, *STOP)
    with started(*command, env=stage.peers, log=stage.log(f"{name}-api"), cwd=PEERS) as process:
        await until_healthy(url, path)
        yield url, process


@asynccontextmanager
async def naive_api(stage: Stage) -> AsyncIterator[Running]:
    async with served(stage, "naive", "/openapi.json") as running:
        yield running
