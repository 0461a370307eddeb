"""The rescue of tasks whose worker is gone: the attempt is recorded as failed; a last one is dead-lettered."""

import random
from datetime import datetime
from typing import Final

import structlog

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.rescue import record_lost
from taskflow.infra.events.handover import announce, dead_letter
from taskflow.infra.resources import Resources

logger = structlog.get_logger("taskflow.dispatcher")

AT_A_TIME: Final = 500


async def rescue_lost(resources: Resources, now: datetime) -> bool:
    """Whether there may be more at once. Raises StoreUnavailable."""
    lost = await record_lost(resources.engine, now=now, limit=AT_A_TIME, jitter=random.random)
    announce(resources.bus, lost.events)
    for event in lost.events:
        if event.message:
            logger.warning(event.message, **lost.tasks[event.task_id].names, kind=event.kind, status=event.status)
    failed = [task for task in lost.tasks.values() if task.status is TaskStatus.FAILED]
    if failed:
        await dead_letter(resources, failed)
    return len(lost.tasks) == AT_A_TIME
