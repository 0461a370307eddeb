"""A hub on a bus that loses and delays what a test tells it to, and writes to watch."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.models import StatusEvent, Task
from taskflow.graph.live.hub import Hub, open_hub
from taskflow.graph.live.watcher import Watcher
from taskflow.infra.bus import STATUS_CHANNEL, Bus, Gap
from taskflow.infra.bus.mailbox import Mailbox
from taskflow.infra.input import TaskInput
from taskflow.infra.new_task import validate
from taskflow.infra.resources import Resources
from taskflow.infra.submitter import Submitter, open_submitter

Spoil = Callable[[Sequence[bytes]], Sequence[bytes]]
SOON = timedelta(milliseconds=20)
NEVER = timedelta(days=1)


class SpoiledBus:
    """The bus of the process, whose messages pass through `spoil`; `hold` keeps them until `release`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._mailboxes: list[Mailbox] = []
        self.spoil: Spoil = lambda messages: messages
        self.held: list[bytes] = []

    def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        self._bus.publish(channel, self.spoil(messages) if channel == STATUS_CHANNEL else messages)

    def lose(self) -> None:
        self.spoil = lambda messages: ()

    def hold(self) -> None:
        def keep(messages: Sequence[bytes]) -> Sequence[bytes]:
            self.held.extend(messages)
            return ()

        self.spoil = keep

    def release(self, *order: int) -> None:
        """Those that were held, by their numbers."""
        self._bus.publish(STATUS_CHANNEL, [self.held[number] for number in order])

    def mend(self) -> None:
        self.spoil = lambda messages: messages

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes | Gap]]:
        async with self._bus.subscribe(channel) as mailbox:
            assert isinstance(mailbox, Mailbox)
            self._mailboxes.append(mailbox)
            yield mailbox

    def gap(self) -> None:
        for mailbox in self._mailboxes:
            mailbox.mark_gap()

    async def ping(self) -> None:
        return

    async def check(self) -> None:
        return


class Bench:
    """Writes as the API does, and what a watcher gets of it."""

    def __init__(self, engine: AsyncEngine, bus: SpoiledBus, submitter: Submitter, hub: Hub) -> None:
        self.engine = engine
        self.bus = bus
        self.submitter = submitter
        self.hub = hub

    async def create(self, title: str = "A task") -> Task:
        [task] = (await self.submitter.create(validate([TaskInput(title)], payload_max_bytes=1000))).tasks
        return task

    async def change(self, task_id: str, times: int = 1) -> None:
        """Cancel it, retry it, and so on: a version each."""
        for _ in range(times):
            task = await self.submitter.cancel(task_id)
            assert task.status == "CANCELLED"
            await self.submitter.retry(task_id)


async def take(watcher: Watcher, count: int) -> list[StatusEvent]:
    return [(await anext(watcher)).event for _ in range(count)]


def versions(events: Sequence[StatusEvent]) -> list[int]:
    return [event.version for event in events]


@asynccontextmanager
async def open_bench(resources: Resources, *, compare_every: timedelta) -> AsyncIterator[Bench]:
    bus = SpoiledBus(resources.bus)
    async with (
        open_submitter(replace(resources, bus=bus)) as submitter,
        open_hub(
            resources.engine,
            bus,
            resources.clock,
            resources.liveness,
            resources.metrics,
            compare_every=compare_every,
        ) as hub,
    ):
        yield Bench(resources.engine, bus, submitter, hub)
