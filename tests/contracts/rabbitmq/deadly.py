"""A worker that is killed as it reads the message `deadly`, as the system does with one that is out of memory.

Its settings come from the environment, the name of its dead letters' exchange and queue as its one argument.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial

from taskflow.infra import resources
from taskflow.infra.broker.topology import Topology
from taskflow.infra.settings import load_settings
from taskflow.worker import builtin, executor, quarantine
from taskflow.worker.registry import Registry
from taskflow.working import work

DEADLY = 2
"""Fewer than in production: each costs a process."""
_read = executor._task_id


def _read_or_die(body: bytes) -> str | None:
    if body == b"deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return _read(body)


async def _run() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with resources.open_resources(load_settings()) as opened:
        await work(opened, Registry.load([builtin]), stop)


if __name__ == "__main__":
    executor._task_id = _read_or_die
    quarantine.DEADLY = DEADLY  # type: ignore[misc]
    vars(resources)["Topology"] = partial(Topology, dead=sys.argv[1])
    asyncio.run(_run())
