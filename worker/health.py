"""Whether a worker does its work: told to a health check that has no port to ask, and to the worker itself."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from taskflow.infra.background import is_set_within
from taskflow.infra.errors import StartError
from taskflow.infra.resources import Resources
from taskflow.worker.intake import Intake

logger = structlog.get_logger("taskflow.worker")

LOOPS: Final = ("consumer", "dispatcher", "event loop", "heartbeat", "retention", "slots")
"""Those of a worker that `liveness` hears of."""
LOOK_EVERY: Final = 1.0
"""Seconds."""


class Stuck(StartError):
    """Every slot is held by a handler that does not end: nothing more will run here."""


async def keep_health(resources: Resources, intakes: Sequence[Intake], stop: asyncio.Event) -> None:
    """Until `stop` is set. Touches WORKER_HEARTBEAT_FILE while all loops turn and every consumer would hear a message.

    Raises Stuck once all slots have been stuck for a lease.
    """
    settings, liveness = resources.settings, resources.liveness
    while not stop.is_set():
        stuck_for = min(one.slots.stuck_for() for one in intakes)
        if stuck_for > settings.worker_lease.total_seconds():
            raise Stuck("Every slot is held by a handler that goes on after its time limit: start another worker.")
        if not stuck_for:
            liveness.note("slots")
        if all(one.consumer.is_well for one in intakes):
            liveness.note("consumer")
        if settings.worker_heartbeat_file and not liveness.silent():
            settings.worker_heartbeat_file.touch()
        await is_set_within(stop, LOOK_EVERY)
