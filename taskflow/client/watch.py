"""One task that is watched: who listens, and what they have been told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from taskflow.client.shapes import Snapshot
from taskflow.infra.errors import NotFound
from taskflow.infra.events.news import is_news
from taskflow.infra.task_info import TaskStatusEvent


class Listener:
    """One caller's queue of events, in order."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[TaskStatusEvent | Exception] = asyncio.Queue()

    def put(self, news: TaskStatusEvent | Exception) -> None:
        self._news.put_nowait(news)

    async def next(self) -> TaskStatusEvent:
        """Raises what ended the watch."""
        news = await self._news.get()
        if isinstance(news, Exception):
            raise news
        return news


@dataclass(eq=False, slots=True)
class Watch:
    """`latest` is the last event that listeners were told: none of them is told it again, or one before it."""

    task_id: str
    listeners: list[Listener] = field(default_factory=list)
    latest: TaskStatusEvent | None = None
    failed: bool = False

    def tell(self, event: TaskStatusEvent) -> bool:
        """Whether it is news."""
        last = self.latest
        if last is not None and not is_news(event, last.version, (last.progress, last.message)):
            return False
        self.latest = event
        for listener in self.listeners:
            listener.put(event)
        return True

    def fail(self, error: Exception) -> None:
        """Nobody is told anything any more."""
        self.failed = True
        for listener in self.listeners:
            listener.put(error)

    async def refresh(self, read: Callable[[str], Awaitable[Snapshot | None]]) -> bool:
        """Tell what happened since, as `read` has it. Whether anything did. Raises Unavailable, Unauthorized."""
        snapshot = await read(self.task_id)
        if snapshot is None:
            self.fail(NotFound(f"There is no task {self.task_id}."))
            return True
        version = None if self.latest is None else self.latest.version
        told = [self.tell(event) for event in snapshot.since(version)]
        return any(told)
