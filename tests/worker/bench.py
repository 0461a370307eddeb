"""A worker at work on the twins: SQLite in a file, broker and bus in memory, everything else as in production.

A test hears of what happened on the bus, which speaks after the commit, and then reads the row. It never sleeps.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from taskflow.db import dispatch, queries, tasks
from taskflow.db.lifecycle import ENDED, TaskStatus
from taskflow.db.models import NewTask, StatusEvent, Task, TaskEvent
from taskflow.db.models import tasks as tasks_table
from taskflow.db.outcome import Backoff
from taskflow.infra.broker import DeadLetter, TaskMessage
from taskflow.infra.broker.memory import MemoryBroker
from taskflow.infra.bus import GAP, STATUS_CHANNEL
from taskflow.infra.events.status import decode
from taskflow.infra.resources import Resources
from taskflow.worker import builtin as handlers
from taskflow.worker.handle import Handle
from taskflow.worker.registry import Handler, Registry
from taskflow.worker.runtime import run_worker
from taskflow.worker.submission import Target
from taskflow.worker.task import is_middleware
from tests.contracts.waiting import PATIENCE, eventually
from tests.store.databases import writing

FAST: Final = timedelta(milliseconds=1)
SOON: Final = Backoff(base=FAST)


@dataclass
class Bench:
    """Creates tasks as the API does, and sees what becomes of them."""

    resources: Resources
    broker: MemoryBroker
    events: list[StatusEvent] = field(default_factory=list)
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def create(
        self,
        kind: str = "message",
        payload: dict[str, Any] | None = None,
        *,
        title: str = "A task",
        queue: str = "default",
        max_attempts: int | None = None,
        run_at: datetime | None = None,
        publish: bool = True,
    ) -> str:
        """The id of a committed task; published too, unless it is said to be left to the dispatcher."""
        new = NewTask(str(uuid.uuid4()), title, kind, queue, payload, run_at, max_attempts, None, None)
        engine = self.resources.engine
        [created], _ = await tasks.create(engine, [[new]], now=datetime.now(UTC))
        assert isinstance(created, tasks.Created)
        if publish:
            await dispatch.mark_published(engine, [(new.id, TaskStatus.PENDING, 1)])
            await self.broker.publish([TaskMessage.of(task) for task in created.tasks])
        return new.id

    async def deliver(self, task_id: str, *, queue: str = "default") -> None:
        """A message for the task, however often it had one."""
        await self.broker.publish([TaskMessage(task_id, queue, None, datetime.now(UTC))])

    async def get(self, task_id: str) -> Task:
        return (await queries.get(self.resources.engine, [task_id]))[task_id]

    async def history(self, task_id: str) -> list[TaskEvent]:
        return (await queries.histories(self.resources.engine, [task_id]))[task_id]

    async def statuses(self, task_id: str) -> list[str]:
        """Its whole history, which must have no hole."""
        history = await self.history(task_id)
        assert [event.version for event in history] == list(range(1, len(history) + 1))
        return [event.status.value for event in history]

    async def set(self, task_id: str, **values: Any) -> None:
        """Write to the row behind everybody's back."""
        async with writing(self.resources.engine) as connection:
            await connection.execute(sa.update(tasks_table).where(tasks_table.c.id == task_id).values(values))

    async def hear(self, condition: Callable[[StatusEvent], bool]) -> StatusEvent:
        """The first event of which that is true, waiting for it."""
        async with asyncio.timeout(PATIENCE), self._heard:
            while not (found := [event for event in self.events if condition(event)]):
                await self._heard.wait()
            return found[0]

    async def reach(self, task_id: str, status: str, *, attempt: int | None = None) -> Task:
        await self.hear(lambda e: e.task_id == task_id and e.status == status and attempt in (None, e.attempt))
        return await self.get(task_id)

    async def end(self, task_id: str) -> Task:
        """The task once it has ended, however that was."""
        await self.hear(lambda event: event.task_id == task_id and event.status in ENDED)
        return await self.get(task_id)

    async def run(self, kind: str, payload: dict[str, Any] | None = None, **options: Any) -> Task:
        """Create a task, and wait until it has ended."""
        return await self.end(await self.create(kind, payload, **options))

    async def until_idle(self) -> None:
        """Until every message in the default queue was taken, and acknowledged."""

        async def all_acknowledged() -> bool:
            held = sum(len(consumer._unacknowledged) for consumer in self.broker._consumers)
            return held == 0 and await self.broker.depth("default") == 0

        await eventually(all_acknowledged)

    async def dead_letter(self, condition: Callable[[DeadLetter], bool]) -> DeadLetter:
        async def there_is_one() -> bool:
            return any(condition(letter) for letter in self.broker.dead_letters)

        await eventually(there_is_one)
        return next(letter for letter in self.broker.dead_letters if condition(letter))

    async def listen(self) -> None:
        async with self.resources.bus.subscribe(STATUS_CHANNEL) as messages:
            async for message in messages:
                assert message is not GAP
                async with self._heard:
                    self.events.append(decode(message))
                    self._heard.notify_all()


@dataclass
class Worker:
    """The whole of `taskflow worker`, but for its process."""

    task: asyncio.Task[None]
    stopping: asyncio.Event

    async def stop(self) -> None:
        """As SIGTERM does; returns once it has ended, and raises what ended it."""
        self.stopping.set()
        async with asyncio.timeout(PATIENCE):
            await self.task


def without_api(task_id: str, target: Target) -> Handle[Any]:
    """A handle that has an id, and nobody to ask."""
    nobody: Any = None
    return Handle(task_id, nobody, target)


@asynccontextmanager
async def working(resources: Resources, *functions: Callable[..., Any]) -> AsyncIterator[Worker]:
    """A worker that knows the built-in kinds and these, handlers and middleware. Fails when it ends by itself."""
    known = [handlers.message, *(one for one in functions if not is_middleware(one))]
    registry = Registry(map(Handler.of, known), filter(is_middleware, functions))
    stopping = asyncio.Event()
    task = asyncio.create_task(run_worker(resources, registry, stopping, handle=without_api))
    worker = Worker(task, stopping)
    try:
        yield worker
    finally:
        assert stopping.is_set() or not task.done(), f"the worker ended by itself: {task}"
        await worker.stop()


async def until(event: asyncio.Event | Awaitable[Any]) -> None:
    """Wait for an event, with an upper bound."""
    async with asyncio.timeout(PATIENCE):
        await (event.wait() if isinstance(event, asyncio.Event) else event)


@asynccontextmanager
async def narrow(bench: Bench, *handlers: Any, **settings: Any) -> AsyncIterator[None]:
    """A worker with settings of its own."""
    changed = bench.resources.settings.model_copy(update=settings)
    object.__setattr__(bench.resources, "settings", changed)
    async with working(bench.resources, *handlers):
        yield
