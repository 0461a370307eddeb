"""What the terminal shows of the API: submit, watch and seed. A client like any other; touches no database."""

import asyncio
import random
import time
from contextlib import aclosing
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from taskflow.client.remote import ClientError, execute, follow
from taskflow.infra.wire import NotJson, decode_json

CREATE: Final = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id status } } }"
CREATE_MANY: Final = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
WATCH: Final = """
subscription ($taskId: ID, $after: ID) {
  taskStatus(taskId: $taskId, after: $after) { id taskId status message attempt progress version updatedAt }
}
"""
STYLES: Final = {"PENDING": "dim", "PROCESSING": "cyan", "DONE": "green", "FAILED": "red", "CANCELLED": "yellow"}
ENDED: Final = frozenset({"DONE", "FAILED", "CANCELLED"})
BATCH: Final = 200

console = Console(highlight=False)


async def submit(url: str, title: str, payload: str | None, kind: str | None, *, watch_it: bool) -> int:
    """Create a task and print its id; with `watch_it`, follow it to its end: 0 for DONE, 1 for any other."""
    task_input = {"title": title, "kind": kind, "payload": _parse(payload)}
    task = (await execute(url, CREATE, {"input": task_input}))["createTask"]["task"]
    console.print(task["id"])
    return await watch(url, task["id"]) if watch_it else 0


async def watch(url: str, task_id: str | None) -> int:
    """Print each change as it comes: of one task until it ended, or of all for ever."""
    async with aclosing(follow(url, WATCH, {"taskId": task_id})) as events:
        async for event in events:
            console.print(_line(event, with_id=task_id is None), soft_wrap=True)
            if task_id is not None and event["status"] in ENDED:
                return 0 if event["status"] == "DONE" else 1
    return 0


async def seed(url: str, count: int, rate: float | None) -> int:
    """Create sample tasks of the example kinds, `rate` a second, with a progress bar."""
    columns = TextColumn("creating tasks"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    began, done = time.monotonic(), 0
    batch = BATCH if rate is None else max(1, min(BATCH, int(rate / 5)))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=count)
        while done < count:
            inputs = [_sample(done + number) for number in range(min(batch, count - done))]
            done += (await execute(url, CREATE_MANY, {"inputs": inputs}))["createTasks"]["createdCount"]
            progress.update(bar, completed=done)
            if rate:
                await asyncio.sleep(max(0.0, began + done / rate - time.monotonic()))
    return 0


def _parse(payload: str | None) -> Any:
    try:
        return None if payload is None else decode_json(payload)
    except NotJson as error:
        raise ClientError(f"--payload: {error}") from error


def _line(event: dict[str, Any], *, with_id: bool) -> Text:
    line = Text(event["updatedAt"][11:23] + " ", style="dim")
    if with_id:
        line.append(event["taskId"] + " ", style="default")
    line.append(f"{event['status']:<10}", style=STYLES.get(event["status"], "default"))
    if event["attempt"] > 1:
        line.append(f" attempt {event['attempt']}", style="default")
    if event["progress"] is not None:
        line.append(f" {event['progress']:4.0%}", style="default")
    if event["message"]:
        line.append(f" {_printable(event['message'])}", style="default")
    return line


def _printable(text: str) -> str:
    """What a handler says must not steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _sample(number: int) -> dict[str, Any]:
    """Mostly quick messages, some of each kind worth looking at."""
    pick = random.random()  # noqa: S311 - sample data
    if pick < 0.80:
        return {"title": f"Send receipt {number}", "payload": {"message": f"Receipt {number} sent"}}
    if pick < 0.88:
        return {"title": f"Resize album {number}", "kind": "progress", "payload": {"images": 5, "seconds": 0.2}}
    if pick < 0.94:
        return {"title": f"Charge card {number}", "kind": "charge", "payload": {"number": f"4242{number:012d}"}}
    if pick < 0.98:
        return {"title": f"Call flaky service {number}", "kind": "flaky", "payload": {"failures": 1}}
    return {"title": f"Send empty letter {number}", "payload": {"to": "nobody"}}
