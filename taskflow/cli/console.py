"""What the terminal shows of the API: submit, watch and seed. A client like any other; touches no database."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from taskflow.client.client import Client
from taskflow.client.targets import Item
from taskflow.db.lifecycle import ENDED, TaskStatus
from taskflow.infra.errors import StartError
from taskflow.infra.input import DEFAULT_KIND
from taskflow.infra.task_info import TaskStatusEvent
from taskflow.infra.wire import NotJson, decode_json

STYLES: Final = {"PENDING": "dim", "PROCESSING": "cyan", "DONE": "green", "FAILED": "red", "CANCELLED": "yellow"}
BATCH: Final = 200

console = Console(highlight=False)


async def submit(tasks: Client, title: str, payload: str | None, kind: str | None, *, watch_it: bool) -> int:
    """Create a task and print its id; with `watch_it`, follow it to its end: 0 for DONE, 1 for any other.

    Raises StartError for a payload that is not JSON, and CallError.
    """
    handle = await tasks.submit(kind or DEFAULT_KIND, _parse(payload), title=title)
    console.print(handle.id)
    return await watch(tasks, handle.id) if watch_it else 0


async def watch(tasks: Client, task_id: str | None) -> int:
    """Print each change as it comes: of one task until it ended, or of all for ever. Raises CallError."""
    changes: AsyncGenerator[TaskStatusEvent, None] = (
        tasks.events() if task_id is None else tasks.handle(task_id).events()
    )
    async with aclosing(changes) as events:
        async for event in events:
            console.print(_line(event, with_id=task_id is None), soft_wrap=True)
            if task_id is not None and event.status in ENDED:
                return 0 if event.status is TaskStatus.DONE else 1
    return 0


async def seed(tasks: Client, count: int, rate: float | None) -> int:
    """Create sample tasks of the example kinds, `rate` a second, with a progress bar. Raises CallError."""
    columns = TextColumn("creating tasks"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    began, done = time.monotonic(), 0
    batch = BATCH if rate is None else max(1, min(BATCH, int(rate / 5)))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=count)
        while done < count:
            items = [_sample(done + number) for number in range(min(batch, count - done))]
            done += len(await tasks.submit_many(items))
            progress.update(bar, completed=done)
            if rate:
                await asyncio.sleep(max(0.0, began + done / rate - time.monotonic()))
    return 0


def _parse(payload: str | None) -> Any:
    try:
        return None if payload is None else decode_json(payload)
    except NotJson as error:
        raise StartError(f"--payload: {error}") from error


def _line(event: TaskStatusEvent, *, with_id: bool) -> Text:
    line = Text(f"{event.updated_at:%H:%M:%S}.{event.updated_at.microsecond // 1000:03} ", style="dim")
    if with_id:
        line.append(event.task_id + " ", style="default")
    line.append(f"{event.status:<10}", style=STYLES.get(event.status, "default"))
    if event.attempt > 1:
        line.append(f" attempt {event.attempt}", style="default")
    if event.progress is not None:
        line.append(f" {event.progress:4.0%}", style="default")
    if event.message:
        line.append(f" {printable(event.message)}", style="default")
    return line


def printable(text: str) -> str:
    """What a handler says must not steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _sample(number: int) -> Item:
    """Mostly quick messages, some of each kind worth looking at."""
    pick = random.random()  # noqa: S311 - sample data
    if pick < 0.80:
        return DEFAULT_KIND, {"message": f"Receipt {number} sent"}, {"title": f"Send receipt {number}"}
    if pick < 0.88:
        return "progress", {"images": 5, "seconds": 0.2}, {"title": f"Resize album {number}"}
    if pick < 0.94:
        return "charge", {"number": f"4242{number:012d}"}, {"title": f"Charge card {number}"}
    if pick < 0.98:
        return "flaky", {"failures": 1}, {"title": f"Call flaky service {number}"}
    return DEFAULT_KIND, {"to": "nobody"}, {"title": f"Send empty letter {number}"}
