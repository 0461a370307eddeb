"""One delivery as a pipeline: identify, claim, acknowledge; wait for a slot, run, record, dead-letter."""

import asyncio
import random
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from taskflow.db.finishing import Finish
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task
from taskflow.db.outcome import Backoff, Failed, GivenBack, Outcome
from taskflow.db.tasks import Claimed
from taskflow.infra.broker import Delivery, task_named
from taskflow.infra.events import handover
from taskflow.infra.resources import Resources
from taskflow.infra.task_info import TaskInfo
from taskflow.worker.attempt import run_attempt, task_error
from taskflow.worker.children import Children
from taskflow.worker.context import Context
from taskflow.worker.dead_letters import dead_letter
from taskflow.worker.measures import note_end, note_start
from taskflow.worker.quarantine import REASON, Quarantine
from taskflow.worker.records import Records
from taskflow.worker.registry import Registry
from taskflow.worker.running import RunningAttempt
from taskflow.worker.slots import Slots

logger = structlog.get_logger("taskflow.worker")

GIVE_BACK_TIME: Final = 5.0
"""Seconds for the handlers of a stopping worker to clean up, and as many to record what is given back."""
SLOT_WAIT: Final = timedelta(seconds=1)
"""How long a task that was claimed may wait for a slot before it is given back."""


@dataclass(slots=True)
class Executor:
    """Runs deliveries, any number at once.

    `running` is what the leases are kept for. `unreported` has those with progress that nobody was told yet,
    `going_on` the handlers that go on after their attempt's end. `came_in_turn` has for each queue when the latest
    task was created whose message came out of it in its turn.
    """

    resources: Resources
    registry: Registry
    records: Records
    children: Children
    quarantine: Quarantine
    running: dict[str, RunningAttempt] = field(default_factory=dict)
    unreported: set[str] = field(default_factory=set)
    deliveries: set[asyncio.Task[None]] = field(default_factory=set)
    going_on: set[asyncio.Task[None]] = field(default_factory=set)
    came_in_turn: dict[str, datetime] = field(default_factory=dict)
    stopping: bool = False

    def start(self, delivery: Delivery, slots: Slots) -> None:
        slots.waiting += 1
        _keep(self.deliveries, self._guarded(delivery, slots), "delivery")

    async def drain(self, timeout: timedelta) -> None:
        """Let what runs end in time, then give the rest back: also what does not stop."""
        self.stopping = True
        await _ended(self.deliveries, timeout.total_seconds())
        for running in self.running.values():
            running.release()
        await _ended(self.deliveries, GIVE_BACK_TIME)
        for running in self.running.values():
            if running.goes_on:
                logger.warning("handler does not stop: it is left", **_named(running.claimed.task))
            running.leave()
        await _ended(self.deliveries, GIVE_BACK_TIME)
        for one in [*self.deliveries, *self.going_on]:
            one.cancel()

    async def _guarded(self, delivery: Delivery, slots: Slots) -> None:
        """A defect of ours costs one message, not the worker: the row still falls due, and is taken up again."""
        try:
            await self.handle(delivery, slots)
        except asyncio.CancelledError:
            raise
        except BaseException:
            logger.exception("delivery failed")
            await delivery.ack()

    async def handle(self, delivery: Delivery, slots: Slots) -> None:
        """From a message in hand to a recorded outcome. Cancelled before its claim, it leaves the message to come back.

        Claim and commit hold no slot, so that short tasks share their round trips however few slots there are.
        """
        with slots.arriving():
            running = await self._claim(delivery)
            if running is None:
                return
            has_slot = await slots.take(SLOT_WAIT)
        try:
            with self.resources.tracing.processing(running.claimed.task) as span:
                outcome = await self._run(running, slots, has_slot=has_slot)
                if isinstance(outcome, Failed):
                    span.fail(outcome.error["type"])
                await self._record(running, outcome, delivery.body)
        finally:
            task_id = running.claimed.task.id
            if self.running.get(task_id) is running:  # it may have come back here after its lease was lost
                del self.running[task_id]  # only now: until its outcome is stored the task needs its lease

    async def _claim(self, delivery: Delivery) -> RunningAttempt | None:
        """The attempt that a message brings, None without one; the message is acknowledged once that is committed."""
        if not delivery.is_redelivered:
            return await self._read_and_claim(delivery)
        async with self.quarantine.watched(delivery) as is_deadly:
            if is_deadly:
                await dead_letter(self.resources, delivery, REASON, None)
                return None
            return await self._read_and_claim(delivery)

    async def _read_and_claim(self, delivery: Delivery) -> RunningAttempt | None:
        task_id = task_named(delivery.body)
        if task_id is None:
            await dead_letter(self.resources, delivery, "not a task message", None)
            return None
        claimed = await self.records.claim(task_id, is_running=self.running.__contains__)
        if claimed is None:
            await dead_letter(self.resources, delivery, "there is no such task", task_id)
            return None
        running = None
        if isinstance(claimed, Claimed):
            running = self._admit(claimed)
        else:
            logger.debug("duplicate delivery", **claimed.names, status=claimed.status)
        await delivery.ack()
        return running

    def _admit(self, claimed: Claimed) -> RunningAttempt:
        task = claimed.task
        if task.attempt == 1 and task.run_at is None:  # what was handed over before this one has come by now
            self.came_in_turn[task.queue] = max(task.created_at, self.came_in_turn.get(task.queue, task.created_at))
        context = Context(
            task_id=task.id,
            kind=task.kind,
            title=task.title,
            attempt=task.attempt,
            max_attempts=task.max_attempts or 1,
            on_progress=lambda: self.unreported.add(task.id),
            submit=partial(self.children.submit, task),
        )
        if earlier := self.running.get(task.id):
            earlier.lose()
        running = self.running[task.id] = RunningAttempt(claimed, context)
        return running

    async def _run(self, running: RunningAttempt, slots: Slots, *, has_slot: bool) -> Outcome:
        """In its slot, which is free again once nothing of the handler runs any more.

        While it goes on after a failure, the next attempt waits for it.
        """
        task = running.claimed.task
        if not has_slot:
            return GivenBack("Given back by a worker without a free slot")
        if self.stopping:
            slots.give()
            return GivenBack()
        logger.info("attempt started", **_named(task), status=task.status, queue=task.queue)
        note_start(self.resources.metrics, running.claimed, self.resources.clock.now())
        held, began = False, time.monotonic()
        try:
            work = self._attempt(task, running.context)
            outcome = await running.run(work, self.registry.get(task.kind), jitter=random.random())  # noqa: S311
            self.resources.metrics.ran(task.kind, time.monotonic() - began)
            if held := running.goes_on:
                logger.warning("handler goes on after its end: its slot stays taken", **_named(task))
                _keep(self.going_on, _hold(running, slots), "handler that goes on")
                if isinstance(outcome, Failed) and outcome.retry_in is not None and not running.is_last:
                    await running.until_over()
            return outcome
        finally:
            if not held:
                slots.give()

    async def _record(self, running: RunningAttempt, outcome: Outcome, body: bytes) -> None:
        task = running.claimed.task
        finish = Finish(task, outcome, running.context.fraction)
        ended = None if running.lost else await self.records.finish(finish)
        note_end(self.resources.metrics, task.kind, outcome, ended)
        log = logger.bind(**_named(task))
        if ended is None:
            log.warning("outcome dropped: the lease was lost", outcome=type(outcome).__name__)
            return
        error = ended.error["type"] if ended.error else None
        log.info("attempt ended", status=ended.status, duration_ms=ended.duration_ms, error=error, run_at=ended.run_at)
        if ended.status is TaskStatus.FAILED:
            await handover.dead_letter(self.resources, [ended], body=body)

    async def _attempt(self, task: Task, context: Context) -> Outcome:
        handler = self.registry.get(task.kind)
        jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
        if handler is None:  # another worker may know it, or this one soon: a rolling deploy
            known = ", ".join(self.registry.kinds)
            sentence = f"No handler for kind '{task.kind}': this worker knows {known}"
            retry_in = Backoff().delay(max(task.attempt, 1), jitter=jitter)
            return Failed(task_error("UnknownKind", sentence), retry_in=retry_in)
        with structlog.contextvars.bound_contextvars(**_named(task)):
            return await run_attempt(
                handler,
                TaskInfo.of(task),
                context,
                middleware=self.registry.middleware,
                jitter=jitter,
                result_max_bytes=self.resources.settings.payload_max_bytes,
            )


async def _hold(running: RunningAttempt, slots: Slots) -> None:
    slots.note_stuck(running)
    try:
        await running.until_over()
    finally:
        slots.note_ended(running)
        slots.give()


def _named(task: Task) -> dict[str, Any]:
    """What every line of the log says of an attempt."""
    return task.names | {"kind": task.kind, "attempt": task.attempt}


def _keep(where: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str) -> None:
    task = asyncio.create_task(work, name=name)
    where.add(task)
    task.add_done_callback(where.discard)


async def _ended(some: set[asyncio.Task[None]], timeout: float) -> None:
    if some:
        await asyncio.wait(some, timeout=timeout)
