"""Who watches: subscribers that resume with `after`, and `/ws`, which does not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.integration.api import ENDED, Watcher


@dataclass
class Subscriber(Watcher):
    """Tells when it hears, and of each end."""

    heard_at: list[float] = field(default_factory=list)
    on_end: Callable[[str, str], None] = print

    async def _note(self, event: dict[str, Any]) -> None:
        await super()._note(event)
        self.heard_at.append(time.monotonic())
        if event["status"] in ENDED:
            self.on_end(event["taskId"], event["status"])


@dataclass
class Feed:
    """`connections` holds what each brought."""

    url: str
    connections: list[list[tuple[str, int, str]]] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            heard: list[tuple[str, int, str]] = []
            self.connections.append(heard)
            try:
                async with connect(f"ws{self.url.removeprefix('http')}/ws") as socket:
                    async for frame in socket:
                        body = json.loads(frame)
                        heard.append((body["task_id"], body["version"], body["status"]))
            except (OSError, ConnectionClosed, InvalidHandshake):
                pass
            await asyncio.sleep(0.1)


@dataclass
class Watchers:
    subscribers: dict[str, Subscriber]
    feeds: list[Feed]

    def all_hear(self) -> bool:
        return all(one.versions for one in self.subscribers.values())

    def have_seen(self, versions: dict[str, int]) -> bool:
        """Whether each subscriber has the latest version of each of these tasks."""
        return all(
            version in one.versions.get(task, ())
            for one in self.subscribers.values()
            for task, version in versions.items()
        )

    def longest_silence(self, began: float, ended: float) -> float:
        """Between any two changes that some subscriber heard."""
        instants = sorted(at for one in self.subscribers.values() for at in one.heard_at if began <= at <= ended)
        edges = [began, *instants, ended]
        return max(after - before for before, after in pairwise(edges))


@asynccontextmanager
async def open_watchers(urls: list[str], on_end: Callable[[str, str], None]) -> AsyncIterator[Watchers]:
    """Two of each kind, one at each API."""
    subscribers = {f"the subscriber at {url}": Subscriber(url, on_end=on_end) for url in urls}
    watchers = Watchers(subscribers, [Feed(url) for url in urls])
    runs = [one.run() for one in subscribers.values()] + [one.run() for one in watchers.feeds]
    tasks = [asyncio.create_task(run) for run in runs]
    async with AsyncExitStack() as stack:
        for task in tasks:
            stack.callback(task.cancel)
        yield watchers
        for task in tasks:
            if task.done():
                task.result()
