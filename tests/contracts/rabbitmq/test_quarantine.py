"""A message over which each worker is killed leaves its queue, whatever the queue's type counts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from taskflow.infra.broker import DeadLetter
from taskflow.infra.broker.topology import Topology
from taskflow.worker.quarantine import REASON
from tests.contracts.operator import Operator
from tests.contracts.rabbitmq.conftest import start
from tests.contracts.rabbitmq.deadly import DEADLY
from tests.store.databases import migrate_at

pytestmark = [pytest.mark.services, pytest.mark.timeout(120)]


@asynccontextmanager
async def worker_process(environment: dict[str, str], dead: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "tests.contracts.rabbitmq.deadly", dead)
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=silent, stderr=silent)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@pytest.mark.parametrize("topology", ["classic", "quorum"], indirect=True)
async def test_it_is_dead_lettered_and_the_next_message_is_read(
    rabbitmq_url: str, operator: Operator, topology: Topology, tmp_path: Path
) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/taskflow.db"
    await migrate_at(database)
    environment = os.environ | {
        "DB_URL": database,
        "RABBITMQ_URL": rabbitmq_url,
        "REDIS_URL": "memory://",
        "RABBITMQ_EXCHANGE": topology.exchange,
        "RABBITMQ_QUEUE": topology.queue,
        "RABBITMQ_ROUTING_KEY": topology.routing_key,
        "RABBITMQ_QUEUE_TYPE": topology.queue_type,
    }
    await start(rabbitmq_url, topology, attempts=1)
    for body in (b"deadly", b"harmless"):
        await operator.publish(body, topology.exchange, topology.routing_key)
    for _ in range(1 + DEADLY):
        async with worker_process(environment, topology.dead) as process:
            assert await process.wait() == -signal.SIGKILL
    async with worker_process(environment, topology.dead):
        letters = await operator.take_dead_letters(2)
    assert sorted(letters, key=lambda letter: letter.body) == [
        DeadLetter(b"deadly", REASON),
        DeadLetter(b"harmless", "not a task message"),
    ]
