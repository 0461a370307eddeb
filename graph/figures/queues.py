"""Every queue as it is now: what waits and runs, who takes from it, whether it is paused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from taskflow.db import figures, pauses, workers
from taskflow.db.waiting import oldest_due
from taskflow.db.workers import Worker
from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.resources import Resources

SILENT_LEASES: Final = 3
"""A worker that was not heard of for so long is taken to be gone."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    name: str
    waiting: int | None
    """None while the broker is away."""
    running: int
    workers: int
    oldest_at: datetime | None
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None


async def read_workers(resources: Resources) -> list[Worker]:
    """Those that were heard of lately. Raises StoreUnavailable."""
    silence = SILENT_LEASES * resources.settings.worker_lease
    return await workers.heard_since(resources.engine, resources.clock.now() - silence)


async def read_queues(resources: Resources, *also: str) -> list[QueueFigures]:
    """Those that tasks name, that workers take from, that are paused, and those asked for. Raises StoreUnavailable."""
    engine = resources.engine
    paused = await pauses.paused(engine)
    taking = [one.queues for one in await read_workers(resources) if not one.is_stopping]
    running, oldest = await figures.running_by_queue(engine), await oldest_due(engine, now=resources.clock.now())
    names = {*await figures.queues(engine), *resources.settings.worker_queues, *paused, *also}.union(*taking)
    found = []
    for name in sorted(names):
        pause = paused.get(name)
        found.append(
            QueueFigures(
                name=name,
                waiting=await _depth(resources, name),
                running=running.get(name, 0),
                workers=sum(name in queues for queues in taking),
                oldest_at=oldest.get(name),
                paused_at=pause.paused_at if pause else None,
                paused_by=pause.paused_by if pause else None,
                pause_reason=(pause.reason or None) if pause else None,
            )
        )
    return found


async def read_queue(resources: Resources, name: str) -> QueueFigures:
    """One, also when nobody knows it yet. Raises StoreUnavailable."""
    return next(one for one in await read_queues(resources, name) if one.name == name)


async def _depth(resources: Resources, queue: str) -> int | None:
    try:
        return await resources.broker.depth(queue)
    except BrokerUnavailable:
        return None
