"""What a worker records: claims and outcomes, each in sets, tried again for as long as the database is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import finishing, queries, tasks
from taskflow.db.errors import StoreUnavailable
from taskflow.db.finishing import Finish
from taskflow.db.models import Task
from taskflow.db.outcome import Failed
from taskflow.db.tasks import Claimed
from taskflow.db.transaction import may_blame_one
from taskflow.infra.batcher import Batcher, open_batcher
from taskflow.infra.events.handover import announce
from taskflow.infra.resources import Resources
from taskflow.worker.attempt import task_error
from taskflow.worker.registry import Registry

T = TypeVar("T")
logger = structlog.get_logger("taskflow.worker")

UNSEEN_ROW_WAIT: Final = 0.5
"""Seconds before a message without a row is looked up again: its publisher may be about to commit."""


@dataclass(frozen=True, slots=True)
class Records:
    """The claims and outcomes of one worker."""

    engine: AsyncEngine
    worker_id: str
    claims: Batcher[str, Claimed | Task | None]
    finishes: Batcher[Finish, Task | None]

    async def claim(self, task_id: str, *, is_running: Callable[[str], bool]) -> Claimed | Task | None:
        """Claimed when it is this worker's now; the Task as it is when it can't be had; None when there is none."""
        claimed = await self._claim_once(task_id, is_running)
        if claimed is None:
            await asyncio.sleep(UNSEEN_ROW_WAIT)
            claimed = await self._claim_once(task_id, is_running)
        return claimed

    async def _claim_once(self, task_id: str, is_running: Callable[[str], bool]) -> Claimed | Task | None:
        """A claim whose commit broke off may have taken effect all the same: then the task is ours."""
        doubts: list[StoreUnavailable] = []
        found = await until_stored(lambda: self.claims.submit(task_id), doubts)
        if not doubts or not isinstance(found, Task) or found.worker_id != self.worker_id or found.claim is None:
            return found
        event_id = await until_stored(lambda: queries.last_event_id(self.engine, task_id))
        return found if is_running(task_id) else Claimed(found, found.claim, event_id)

    async def finish(self, finish: Finish) -> Task | None:
        """The task as its outcome left it; None when the lease was lost, and with it the outcome."""
        try:
            return await until_stored(lambda: self.finishes.submit(finish))
        except sa.exc.DBAPIError as error:
            why = {"error": type(error.orig).__name__, "code": getattr(error.orig, "args", (None,))[0]}
            logger.error("outcome refused by the database", **finish.task.names, **why)  # noqa: TRY400 - its text quotes
            sentence = f"The outcome could not be stored: the database refused it ({type(error.orig).__name__})"
            refused = Finish(finish.task, Failed(task_error("InvalidResult", sentence), retry_in=None))
            return await until_stored(lambda: self.finishes.submit(refused))


async def until_stored(operation: Callable[[], Awaitable[T]], doubts: list[StoreUnavailable] | None = None) -> T:
    """Try again for as long as the database is away: what has been done must be recorded.

    `doubts` gets the failures: each of those tries may have been committed all the same.
    """
    delay = 0.1
    while True:
        try:
            return await operation()
        except StoreUnavailable as error:
            if doubts is not None:
                doubts.append(error)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)


@asynccontextmanager
async def open_records(resources: Resources, registry: Registry, *, worker_id: str) -> AsyncIterator[Records]:
    engine, settings = resources.engine, resources.settings

    async def claim(ids: list[str]) -> Sequence[Claimed | Task | None]:
        results, recorded = await tasks.claim(
            engine,
            ids,
            now=resources.clock.now(),
            lease=settings.worker_lease,
            worker_id=worker_id,
            max_attempts=registry.max_attempts,
        )
        announce(resources.bus, recorded)
        return results

    async def finish(finishes: list[Finish]) -> Sequence[Task | None]:
        results, recorded = await finishing.finish(engine, finishes, now=resources.clock.now())
        announce(resources.bus, recorded)
        return results

    async with (
        open_batcher(claim, divisible=may_blame_one, observe=resources.metrics.stored("claim")) as claims,
        open_batcher(
            finish,
            divisible=may_blame_one,
            around=resources.tracing.sharing("record outcomes", {}),
            observe=resources.metrics.stored("finish"),
        ) as finishes,
    ):
        yield Records(engine, worker_id, claims, finishes)
