"""A process of ours, started as a user starts it, its log in a file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

CHECKOUT: Final = Path(__file__).parents[2]
TASKFLOW: Final = Path(sys.executable).with_name("taskflow")
OURS: Final = (
    "API_",
    "CORS_",
    "DB_",
    "LOG_",
    "OTEL_",
    "PAYLOAD_",
    "RABBITMQ_",
    "REDIS_",
    "TASKFLOW_",
    "TRACE_",
    "WORKER_",
)
START_SECONDS: Final = 60.0
"""The most that a process may take to start or to end, on a machine that does much else."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's own, without any setting of ours, and these."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | dict(settings)


@dataclass
class Program:
    """`taskflow COMMAND`, running or ended."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @classmethod
    async def start(cls, log: Path, settings: Mapping[str, str], *arguments: str, cwd: Path = CHECKOUT) -> Self:
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                TASKFLOW, *arguments, env=environment(settings), cwd=cwd, stdout=file, stderr=file
            )
        return cls(log.stem, process, log)

    @property
    def pid(self) -> int:
        return self.process.pid

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged, but for a line that it is still writing."""
        found = []
        for line in self.text().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    async def says(self, condition: Callable[[dict[str, Any]], bool], *, within: float = START_SECONDS) -> Any:
        """The first line of its log of which that is true, waiting for it."""
        async with asyncio.timeout(within):
            while True:
                if found := next((line for line in self.lines() if condition(line)), None):
                    return found
                assert self.process.returncode is None, f"{self.name} ended: {self.text()[-2000:]}"
                await asyncio.sleep(0.05)

    async def exit_code(self, *, within: float = START_SECONDS) -> int:
        async with asyncio.timeout(within):
            return await self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        """As the kernel would, without a word."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def run(settings: Mapping[str, str], *arguments: str, within: float = START_SECONDS) -> tuple[int, str, str]:
    """A command to its end: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        TASKFLOW,
        *arguments,
        env=environment(settings),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            out, error = await process.communicate()
    except TimeoutError:
        process.kill()
        out, error = await process.communicate()
        raise AssertionError(f"{arguments} did not end: {out.decode()} {error.decode()}") from None
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()
