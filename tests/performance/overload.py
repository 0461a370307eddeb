"""What an API process does with more than it can: `python -m tests.performance.overload`, in an empty folder.

First idle sockets, many of them, on one process; then creates from more connections than it can answer in time. Prints
how long what was taken and what was refused had to wait, and whether every task that was accepted is there.
"""

import argparse
import asyncio
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tests.performance.processes import COMMAND, free_port, memory, running, until_healthy
from tests.performance.soak import held
from tests.performance.watching import subscribed

BODY: Final = b'{"title": "Flood", "run_at": "2999-01-01T00:00:00Z"}'
HEAD: Final = (
    f"POST /tasks HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"
)
REFUSED_WITHIN: Final = 1.0
TAKEN_WITHIN: Final = 15.0
"""Seconds."""


async def idle(url: str, pids: list[int], count: int) -> None:
    async with AsyncExitStack() as stack:
        began = time.monotonic()
        for _ in range(count):
            await stack.enter_async_context(subscribed(url))
        seconds = time.monotonic() - began
        _, descriptors, _ = held(pids)
        print(
            f"{count} sockets            {seconds:.1f} s to open, {memory(pids)[0]:.0f} MB, {descriptors} descriptors"
        )


async def keep_asking(port: int, until: float, answers: list[tuple[int, float]]) -> None:
    """One create after the other over one connection, whatever it is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.monotonic()) < until:
        writer.write(HEAD.encode() + BODY)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r")[0]))
        status = int(answer.split(b" ", 2)[1])
        assert status == 201 or b"retry-after" in answer, answer
        answers.append((status, time.monotonic() - began))
    writer.close()


async def flood(port: int, connections: int, seconds: float) -> list[tuple[int, float]]:
    answers: list[tuple[int, float]] = []
    until = time.monotonic() + seconds
    await asyncio.gather(*(keep_asking(port, until, answers) for _ in range(connections)))
    return answers


async def measure(arguments: argparse.Namespace, port: int, database: Path) -> int:
    url = f"http://127.0.0.1:{port}"
    with running("api") as pids:
        await until_healthy(url)
        await idle(url, pids, arguments.sockets)
        answers = await flood(port, arguments.connections, arguments.seconds)
        print(f"memory afterwards      {memory(pids)[0]:.0f} MB")
    longest = {}
    for status, count in sorted(Counter(status for status, _ in answers).items()):
        waits = [wait for one, wait in answers if one == status]
        longest[status] = max(waits)
        print(f"{status}: {count} answers, median {statistics.median(waits):.2f} s, longest {longest[status]:.2f} s")
    stored = await asyncio.to_thread(count_of, database)
    accepted = sum(status == 201 for status, _ in answers)
    print(f"{accepted} accepted, {stored} stored")
    is_well = stored == accepted and longest.get(503, 0) < REFUSED_WITHIN and longest[201] < TAKEN_WITHIN
    return 0 if is_well and longest.keys() <= {201, 503} else 1


def count_of(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM tasks").fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database, port = Path(folder) / "taskflow.db", free_port()
        os.environ.update(
            DB_URL=f"sqlite+aiosqlite:///{database}", API_PORT=str(port), LOG_LEVEL="WARNING", REDIS_URL="memory://"
        )
        os.environ.pop("RABBITMQ_URL", None)
        subprocess.run([COMMAND, "migrate"], check=True)
        return asyncio.run(measure(arguments, port, database))


if __name__ == "__main__":
    sys.exit(main())
