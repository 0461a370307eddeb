"""What the Client costs: `python -m tests.performance.client`, against a `taskflow up` of its own in an empty folder.

Prints the medians of create → DONE, raw (one POST, one open subscription) and by `submit` and `result`; tasks created a
second by `createTasks` and by as many `submit` calls at once; and how long many handles wait at once. Raw and client
take turns, so that both meet the same machine. Ends with 1 when a goal is missed.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from taskflow import Client
from tests.performance.load import PAYLOAD
from tests.performance.processes import free_port, running, until_healthy
from tests.performance.watching import latencies

CREATE_MANY: Final = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } } }"
AT_ONCE: Final = 1000
SLOWER_MAX: Final = 3.0
"""Milliseconds that a median may be above the raw one."""
SHARE_MIN: Final = 0.8
"""Of the raw rate."""


async def client_latencies(tasks: Client, count: int) -> list[float]:
    """Milliseconds from `submit` to the result, one at a time."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        await (await tasks.submit("message", PAYLOAD)).result()
        found.append((time.perf_counter() - began) * 1000)
    return found


async def compare_latency(url: str, tasks: Client, rounds: int) -> bool:
    raw: list[float] = []
    ours: list[float] = []
    for _ in range(rounds):
        raw += await latencies(url, 20)
        ours += await client_latencies(tasks, 20)
    medians = [statistics.median(found) for found in (raw, ours)]
    slower = medians[1] - medians[0]
    print(
        f"create → DONE            raw {medians[0]:.1f} ms, client {medians[1]:.1f} ms: {slower:+.1f} ms, "
        f"{medians[1] / medians[0]:.2f} times (medians of {len(ours)}; goal {SLOWER_MAX:+.1f} ms)"
    )
    return slower <= SLOWER_MAX


async def compare_bulk(url: str, tasks: Client, rounds: int) -> bool:
    """Of tasks that run in an hour, so that no worker runs beside what is measured."""
    later = datetime.now(UTC) + timedelta(hours=1)
    one = {"title": "message", "kind": "message", "payload": PAYLOAD, "runAt": later.isoformat()}
    body = {"query": CREATE_MANY, "variables": {"inputs": [one] * AT_ONCE}}
    raw, ours = [], []
    async with httpx.AsyncClient(timeout=60) as http:
        for _ in range(rounds):
            raw.append(await timed(http.post(f"{url}/graphql", json=body)))
            submits = [tasks.submit("message", PAYLOAD, run_at=later) for _ in range(AT_ONCE)]
            ours.append(await timed(asyncio.gather(*submits)))
    rates = [AT_ONCE / statistics.median(seconds) for seconds in (raw, ours)]
    share = rates[1] / rates[0]
    print(
        f"create {AT_ONCE} at once      raw {rates[0]:.0f}/s, client {rates[1]:.0f}/s: {share:.0%} "
        f"(medians of {rounds}; goal {SHARE_MIN:.0%})"
    )
    return share >= SHARE_MIN


async def timed(work: Awaitable[Any]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def wait_for_many(tasks: Client, count: int) -> None:
    began = time.perf_counter()
    handles = await asyncio.gather(*(tasks.submit("message", PAYLOAD) for _ in range(count)))
    submitted = time.perf_counter() - began
    seconds = await timed(asyncio.gather(*(handle.result() for handle in handles)))
    print(f"{count} handles at once     submitted in {submitted:.1f} s, all results {seconds:.1f} s later")


async def measure(arguments: argparse.Namespace, url: str) -> int:
    with running("up"):
        await until_healthy(url)
        async with Client(url) as tasks:
            await client_latencies(tasks, 20)
            reached = [
                await compare_latency(url, tasks, arguments.rounds),
                await compare_bulk(url, tasks, arguments.rounds),
            ]
            await wait_for_many(tasks, arguments.handles)
    return 0 if all(reached) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--handles", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        os.environ.setdefault("DB_URL", f"sqlite+aiosqlite:///{Path(folder) / 'taskflow.db'}")
        os.environ.update(API_PORT=str(port), LOG_LEVEL="WARNING")
        return asyncio.run(measure(arguments, f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    sys.exit(main())
