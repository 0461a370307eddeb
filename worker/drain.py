"""When a worker that drains is done: for jobs of Kubernetes and cron, which run until nothing is left."""

import asyncio
from datetime import timedelta
from typing import Final

from taskflow.db import dispatch
from taskflow.db.errors import StoreUnavailable
from taskflow.infra.broker import BrokerUnavailable
from taskflow.worker.executor import Executor
from taskflow.worker.pauses import Pauses

LOOK_EVERY: Final = 0.2
"""Seconds between two looks."""
SOON: Final = timedelta(seconds=1)


async def until_drained(executor: Executor, pauses: Pauses) -> None:
    """Returns once nothing runs here, the queues are empty, and nothing of them is due within a second.

    What waits in a queue that is paused is not waited for: nobody would run it.
    """
    while executor.deliveries or not await _is_empty(executor, pauses):  # noqa: ASYNC110 - no event tells of other processes
        await asyncio.sleep(LOOK_EVERY)


async def _is_empty(executor: Executor, pauses: Pauses) -> bool:
    """The rows first: what a queue holds of theirs they tell as well, and what they don't know is seen in the queue."""
    resources = executor.resources
    queues = [queue for queue in resources.settings.worker_queues if queue not in pauses.queues]
    try:
        if not await dispatch.is_idle(resources.engine, queues=queues, until=resources.clock.now() + SOON):
            return False
        return not any([await resources.broker.depth(queue) for queue in queues])
    except (StoreUnavailable, BrokerUnavailable):
        return False
