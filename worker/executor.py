"""One delivery as a pipeline: identify, claim, run, record, dead-letter; acknowledge, only after the commit."""

import asyncio
import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task
from taskflow.db.outcome import Failed, GivenBack, Outcome
from taskflow.db.tasks import Claimed, Finish
from taskflow.infra.broker import DeadLetter, Delivery
from taskflow.infra.events.handover import dead_letter
from taskflow.infra.resources import Resources
from taskflow.infra.task_info import TaskInfo
from taskflow.worker.attempt import overdue, run_attempt, task_error
from taskflow.worker.children import Children
from taskflow.worker.context import Context
from taskflow.worker.records import Records
from taskflow.worker.registry import Registry

logger = structlog.get_logger("taskflow.worker")

LONGEST_ID: Final = 36
GIVE_BACK_TIME: Final = 5.0
"""Seconds for a stopping worker to record what it gives back."""
DEAD_LETTER_AGAIN: Final = 1.0
"""Seconds before a dead letter is offered again to a broker that did not take it."""
LAST_WORDS: Final = timedelta(seconds=5)
"""How long after its time limit a handler may take to end."""


@dataclass(slots=True)
class RunningAttempt:
    """An attempt under way in this process."""

    claimed: Claimed
    context: Context
    attempt: asyncio.Task[Outcome]
    lost: bool = False
    reported: tuple[float, str | None] | None = None


@dataclass(slots=True)
class Executor:
    """Runs deliveries, any number at once. `running` is what the leases are kept for."""

    resources: Resources
    registry: Registry
    records: Records
    children: Children
    running: dict[str, RunningAttempt] = field(default_factory=dict)
    unreported: set[str] = field(default_factory=set)
    deliveries: set[asyncio.Task[None]] = field(default_factory=set)
    overdue: set[asyncio.Task[Outcome]] = field(default_factory=set)
    stopping: bool = False

    def start(self, delivery: Delivery) -> None:
        handling = asyncio.create_task(self._guarded(delivery), name="delivery")
        self.deliveries.add(handling)
        handling.add_done_callback(self.deliveries.discard)

    async def drain(self, timeout: timedelta) -> None:
        """Let what runs end in time, then give the rest back."""
        if self.deliveries:
            await asyncio.wait(self.deliveries, timeout=timeout.total_seconds())
        self.stopping = True
        for running in self.running.values():
            _release(running)
        if self.deliveries:
            await asyncio.wait(self.deliveries, timeout=GIVE_BACK_TIME)
        for handling in self.deliveries:
            handling.cancel()

    async def _guarded(self, delivery: Delivery) -> None:
        """A defect of ours costs one message, not the worker: the row still falls due, and is taken up again."""
        try:
            await self.handle(delivery)
        except Exception:
            logger.exception("delivery failed")
            await delivery.ack()

    async def handle(self, delivery: Delivery) -> None:
        """From a message in hand to an acknowledged one. Cancelled midway, it leaves the message to come back."""
        task_id = _task_id(delivery.body)
        if task_id is None:
            return await self._dead_letter(delivery, "not a task message", None)
        claimed = await self.records.claim(task_id, is_running=self.running.__contains__)
        if claimed is None:
            return await self._dead_letter(delivery, "there is no such task", task_id)
        if isinstance(claimed, Claimed):
            await self._run(claimed, delivery.body)
        else:
            logger.debug("duplicate delivery", task_id=task_id, status=claimed.status)
        return await delivery.ack()

    async def _run(self, claimed: Claimed, body: bytes) -> None:
        task = claimed.task
        log = logger.bind(task_id=task.id, kind=task.kind, attempt=task.attempt)
        log.info("attempt started", status=task.status, queue=task.queue)
        running = self._start(claimed)
        try:
            outcome = await self._outcome(running)
            finish = Finish(task.id, claimed.claim, outcome, running.context.fraction)
            ended = None if running.lost else await self.records.finish(finish)
        finally:
            if self.running.get(task.id) is running:  # it may have come back here after its lease was lost
                del self.running[task.id]  # only now: until its outcome is stored the task needs its lease
        if ended is None:
            log.warning("outcome dropped: the lease was lost", outcome=type(outcome).__name__)
            return
        error = ended.error["type"] if ended.error else None
        log.info("attempt ended", status=ended.status, duration_ms=ended.duration_ms, error=error, run_at=ended.run_at)
        if ended.status is TaskStatus.FAILED:
            await dead_letter(self.resources, [ended], body=body)

    def _start(self, claimed: Claimed) -> RunningAttempt:
        task = claimed.task
        context = Context(
            task_id=task.id,
            kind=task.kind,
            title=task.title,
            attempt=task.attempt,
            max_attempts=task.max_attempts or 1,
            on_progress=lambda: self.unreported.add(task.id),
            submit=partial(self.children.submit, task.id),
        )
        attempt = asyncio.create_task(self._attempt(task, context), name=f"attempt {task.id}")
        if self.stopping:
            attempt.cancel()  # before it has begun, so that it is given back
        running = self.running[task.id] = RunningAttempt(claimed, context, attempt)
        return running

    async def _attempt(self, task: Task, context: Context) -> Outcome:
        handler = self.registry.get(task.kind)
        if handler is None:
            known = ", ".join(self.registry.kinds)
            sentence = f"No handler for kind '{task.kind}': this worker knows {known}"
            return Failed(task_error("UnknownKind", sentence), retry_in=None)
        with structlog.contextvars.bound_contextvars(task_id=task.id, kind=task.kind, attempt=task.attempt):
            return await run_attempt(
                handler,
                TaskInfo.of(task),
                context,
                middleware=self.registry.middleware,
                jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
                result_max_bytes=self.resources.settings.payload_max_bytes,
            )

    async def _outcome(self, running: RunningAttempt) -> Outcome:
        """The attempt's own, or GivenBack when this worker stops before it has one."""
        handler = self.registry.get(running.claimed.task.kind)
        limit = handler.options.timeout if handler else None
        try:
            await asyncio.wait([running.attempt], timeout=(limit + LAST_WORDS).total_seconds() if limit else None)
        except asyncio.CancelledError:
            _release(running)
            raise
        if handler and not running.attempt.done():
            self.overdue.add(running.attempt)
            running.attempt.add_done_callback(self.overdue.discard)
            return overdue(handler, running.context, jitter=random.random())  # noqa: S311
        if running.attempt.cancelled():
            running.context.request_cancellation()  # a thread goes on until it asks
            return GivenBack()
        return running.attempt.result()

    async def _dead_letter(self, delivery: Delivery, reason: str, task_id: str | None) -> None:
        """Dead-letter what nobody can run. Not acknowledged until it is there: else it comes back."""
        logger.warning("message dead-lettered", reason=reason, task_id=task_id)
        letter = DeadLetter(delivery.body, reason, task_id)
        while not all(await self.resources.broker.dead_letter([letter])):  # noqa: ASYNC110 - no event would tell
            await asyncio.sleep(DEAD_LETTER_AGAIN)
        await delivery.ack()


def _release(running: RunningAttempt) -> None:
    running.context.release()
    running.attempt.cancel()


def _task_id(body: bytes) -> str | None:
    """The id that the documented body names, None when it is not that."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    task_id = message.get("task_id") if isinstance(message, dict) else None
    sound = isinstance(task_id, str) and 0 < len(task_id) <= LONGEST_ID and task_id.isprintable() and task_id.isascii()
    return task_id if sound else None
