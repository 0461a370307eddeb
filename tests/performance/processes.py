"""Processes that are measured: started as a user starts them, ended by their number, their cost read from /proc."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx

COMMAND: Final = str(Path(sys.executable).with_name("taskflow"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(
    *command: str, env: Mapping[str, str], log: Path | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, ended at the end; what it prints goes to `log`, as a service's would."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("ab")) if log else None
        process = subprocess.Popen(command, env=env, cwd=cwd, stdout=file, stderr=file)
        try:
            yield process
        finally:
            process.terminate()
            _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(*commands: str, **environment: str) -> Iterator[list[int]]:
    """The pids of `taskflow` with each of those commands, ended at the end."""
    with contextlib.ExitStack() as stack:
        env = os.environ | environment
        yield [stack.enter_context(started(COMMAND, command, env=env)).pid for command in commands]


def prepare(workers: int) -> tuple[str, list[str]]:
    """A free port for the processes to be started, and a migrated database where they are a cluster: the API's URL, and
    a command for each worker, none when `up` is all.
    """
    port = free_port()
    os.environ.update(API_PORT=str(port), LOG_LEVEL="WARNING")
    if "RABBITMQ_URL" not in os.environ:
        return f"http://127.0.0.1:{port}", []
    subprocess.run([COMMAND, "migrate"], check=True)
    return f"http://127.0.0.1:{port}", ["worker"] * workers


async def until_healthy(url: str, path: str = "/healthz") -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(url + path)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise SystemExit(f"{url} did not become healthy")


def memory(pids: Iterable[int]) -> list[float]:
    """Resident megabytes of each."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return [int(text.split("VmRSS:")[1].split()[0]) / 1024 for text in texts]


def cpu(pid: int) -> float:
    """Milliseconds of processor time so far, of the process and of all that it has started and that still run."""
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = path.read_text().rpartition(")")[2].split()
            number = int(path.parent.name)
            parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {pid}
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(one, 0) for one in family) * 1000 / os.sysconf("SC_CLK_TCK")
