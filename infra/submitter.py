"""Create, cancel, retry: commit in batches, announce, then publish after the answer. The API and the worker share it.

A create is answered once it is committed. If publishing fails, or this process dies first, the row falls due and a
dispatcher publishes it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from taskflow.db import tasks
from taskflow.db.audit import Act
from taskflow.db.errors import IdempotencyConflict
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import NewTask, Task
from taskflow.db.tasks import Created
from taskflow.db.transaction import may_blame_one
from taskflow.infra.background import supervised
from taskflow.infra.batcher import Batcher, Bounds, open_batcher
from taskflow.infra.bus import CANCEL_CHANNEL
from taskflow.infra.events.handover import announce, publish
from taskflow.infra.resources import Resources

logger = logging.getLogger("taskflow.api")

BOUNDS: Final = Bounds(most=1000, waiting=100_000)
"""In tasks: what one transaction stores, and what may wait for it."""
PUBLISH_AT_A_TIME: Final = 1000
UNPUBLISHED_KEPT: Final = 20_000
"""The most tasks that wait here to be published; those above are left to a dispatcher."""
LAST_PUBLISH: Final = timedelta(seconds=2)
"""What a process that stops may take for it."""


class Submitter:
    def __init__(self, resources: Resources, creates: Batcher[list[NewTask], Created | IdempotencyConflict]) -> None:
        self._resources = resources
        self._creates = creates
        self._unpublished: list[Task] = []
        self._wake = asyncio.Event()
        self._closing = False

    async def create(self, group: list[NewTask]) -> Created:
        """All or none. Raises IdempotencyConflict, StoreUnavailable."""
        created = await self._creates.submit(group)
        if isinstance(created, IdempotencyConflict):
            raise created
        self._publish_soon([task for task, is_new in zip(created.tasks, created.is_new, strict=True) if is_new])
        return created

    async def cancel(self, task_id: str, *, by: str | None = None) -> Task:
        """`by` is whose token asked for it. Raises TaskNotFound, TransitionRejected, StoreUnavailable."""
        engine, now = self._resources.engine, self._resources.clock.now()
        task, recorded = await tasks.cancel(engine, task_id, now=now, act=Act(by, "cancelTask", task_id))
        announce(self._resources.bus, recorded)
        _say("cancellation requested" if task.status is TaskStatus.PROCESSING else "task cancelled", task)
        if task.status is TaskStatus.PROCESSING:
            self._resources.bus.publish(CANCEL_CHANNEL, [task.id.encode()])
        return task

    async def retry(self, task_id: str, *, by: str | None = None) -> Task:
        """`by` is whose token asked for it. Raises TaskNotFound, TransitionRejected, StoreUnavailable."""
        engine, now = self._resources.engine, self._resources.clock.now()
        task, recorded = await tasks.retry(engine, task_id, now=now, act=Act(by, "retryTask", task_id))
        announce(self._resources.bus, recorded)
        _say("task retried", task)
        self._publish_soon([task])
        return task

    async def commit(self, groups: list[list[NewTask]]) -> Sequence[Created | IdempotencyConflict]:
        """One flush of the batcher."""
        results, recorded = await tasks.create(self._resources.engine, groups, now=self._resources.clock.now())
        announce(self._resources.bus, recorded)
        return results

    def _publish_soon(self, created: Sequence[Task]) -> None:
        now = self._resources.clock.now()
        due = [task for task in created if task.run_at is None or task.run_at <= now]
        self._unpublished += due[: UNPUBLISHED_KEPT - len(self._unpublished)]
        self._wake.set()

    def close(self) -> None:
        """`publish` ends once it has published what waits."""
        self._closing = True
        self._wake.set()

    async def publish(self) -> None:
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while self._unpublished:
                some = self._unpublished[:PUBLISH_AT_A_TIME]
                del self._unpublished[:PUBLISH_AT_A_TIME]
                try:
                    await publish(self._resources, some)
                except Exception:  # a dispatcher publishes these; the next ones must not wait for it
                    logger.exception("%d tasks not published: a dispatcher will", len(some))


def _say(event: str, task: Task) -> None:
    logger.info(event, extra=task.names | {"kind": task.kind, "attempt": task.attempt, "status": task.status})


@asynccontextmanager
async def open_submitter(resources: Resources) -> AsyncIterator[Submitter]:
    async def commit(groups: list[list[NewTask]]) -> Sequence[Created | IdempotencyConflict]:
        return await submitter.commit(groups)

    around = resources.tracing.sharing("create tasks", {})
    async with open_batcher(commit, bounds=BOUNDS, divisible=may_blame_one, weigh=len, around=around) as creates:
        submitter = Submitter(resources, creates)
        async with supervised(submitter.publish, name="publish") as publishing:
            try:
                yield submitter
            finally:
                submitter.close()
                await asyncio.wait([publishing], timeout=LAST_PUBLISH.total_seconds())
