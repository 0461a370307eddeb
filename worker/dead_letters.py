"""What nobody can run: kept in the table, sent to `task.dead`, and only then acknowledged."""

import asyncio
from typing import Final

import sqlalchemy as sa
import structlog

from taskflow.db import letters
from taskflow.infra.broker import DeadLetter, Delivery
from taskflow.infra.resources import Resources
from taskflow.worker.records import until_stored

logger = structlog.get_logger("taskflow.worker")

DEAD_LETTER_AGAIN: Final = 1.0
"""Seconds before a dead letter is offered again to a broker that did not take it."""
ENVELOPE: Final = 4096
"""Bytes that a message has beside its payload. What is kept of one fits into a statement: `check_packets` saw to it."""


async def dead_letter(resources: Resources, delivery: Delivery, reason: str, task_id: str | None) -> None:
    """Once at least: whatever ends before the acknowledgement, the message comes back, and another entry is made."""
    logger.warning("message dead-lettered", reason=reason, task_id=task_id, queue=delivery.queue)
    await _keep(resources, delivery, reason, task_id)
    letter = DeadLetter(delivery.body, reason, task_id)
    while not all(await resources.broker.dead_letter([letter])):  # noqa: ASYNC110 - no event would tell
        await asyncio.sleep(DEAD_LETTER_AGAIN)
    await delivery.ack()


async def _keep(resources: Resources, delivery: Delivery, reason: str, task_id: str | None) -> None:
    try:
        await until_stored(
            lambda: letters.keep(
                resources.engine,
                delivery.body,
                most=resources.settings.payload_max_bytes + ENVELOPE,
                reason=reason,
                queue=delivery.queue,
                task_id=task_id,
                now=resources.clock.now(),
            )
        )
    except sa.exc.DBAPIError:  # to try again could not help, and `task.dead` has it all the same
        logger.exception("a dead letter is not in the table: the database refused it", task_id=task_id)
