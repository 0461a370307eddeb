"""Whether a long load leaves anything behind: `python -m tests.performance.soak`, against what the three URLs say.

Starts its own processes. Creates tasks in sets, never more than `--backlog` ahead of the workers, and prints memory,
descriptors and threads of every process, and the database's connections, as it goes. Ends with 1 when something grew
from the second quarter to the last, or a task is missing.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from taskflow.infra.database import create_engine
from tests.performance.load import create_many, done
from tests.performance.processes import prepare, running, until_healthy

STEP: Final = 1000
MEMORY_GROWTH: Final = 1.1
OTHER_GROWTH: Final = 3
"""Descriptors, threads, connections: what comes and goes."""


@dataclass(frozen=True)
class Sample:
    done: int
    memory: float
    descriptors: int
    threads: int
    connections: int

    def __str__(self) -> str:
        return (
            f"{self.done:8} done  {self.memory:6.0f} MB  {self.descriptors:4} descriptors  {self.threads:3} threads  "
            f"{self.connections:3} connections"
        )


async def sample(pids: list[int], url: str) -> Sample:
    """Of all processes together."""
    return Sample(await done(url), *held(pids), await connections())


def held(pids: list[int]) -> tuple[float, int, int]:
    """Megabytes, descriptors, threads."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    memory = sum(int(text.split("VmRSS:")[1].split()[0]) for text in status) / 1024
    descriptors = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
    return memory, descriptors, sum(int(text.split("Threads:")[1].split()[0]) for text in status)


async def connections() -> int:
    """To the database, of everybody; 0 where it has none."""
    if not os.environ.get("DB_URL", "").startswith("mysql"):
        return 0
    engine = create_engine(os.environ["DB_URL"], pool_size=1)
    try:
        async with engine.connect() as connection:
            return len((await connection.execute(sa.text("SHOW PROCESSLIST"))).all())
    finally:
        await engine.dispose()


async def soak(url: str, pids: list[int], count: int, backlog: int) -> list[Sample]:
    samples, created, next_sample = [], 0, 0.0
    while True:
        ended = await done(url)
        while created < count and created - ended < backlog:
            await create_many(url, STEP, at_once=2)
            created += STEP
        if time.monotonic() >= next_sample or ended >= count:
            samples.append(await sample(pids, url))
            print(samples[-1], flush=True)
            next_sample = time.monotonic() + 10
        if ended >= count:
            return samples
        await asyncio.sleep(0.2)


def growth(samples: list[Sample]) -> list[str]:
    """What is more in the last quarter than in the second."""
    quarter = max(len(samples) // 4, 1)
    before, after = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]

    def mean(some: list[Sample], name: str) -> float:
        return statistics.mean(float(getattr(one, name)) for one in some)

    grew = [
        name
        for name in ("descriptors", "threads", "connections")
        if mean(after, name) > mean(before, name) + OTHER_GROWTH
    ]
    return grew + (["memory"] if mean(after, "memory") > mean(before, "memory") * MEMORY_GROWTH else [])


async def measure(arguments: argparse.Namespace, url: str, workers: list[str]) -> int:
    with running("api" if workers else "up") as api:
        await until_healthy(url)
        with running(*workers) as pids:
            began = time.monotonic()
            samples = await soak(url, api + pids, arguments.tasks, arguments.backlog)
            rate = arguments.tasks / (time.monotonic() - began)
    grew = growth(samples)
    print(f"{samples[-1].done} of {arguments.tasks} done, {rate:.0f} a second; grew: {', '.join(grew) or 'nothing'}")
    return 1 if grew or samples[-1].done < arguments.tasks else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=500_000)
    parser.add_argument("--backlog", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    return asyncio.run(measure(arguments, *prepare(arguments.workers)))


if __name__ == "__main__":
    sys.exit(main())
