"""What a shell asks of the API about tasks, kinds, queues and workers: a table for people, JSON for programs."""

import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskflow.cli.console import STYLES, printable
from taskflow.client.client import Client
from taskflow.infra.errors import CallError, NotFound
from taskflow.infra.task_info import ErrorInfo, TaskInfo
from taskflow.infra.wire import format_instant

COLUMNS: Final = ("task_id", "status", "attempt", "kind", "queue", "created_at", "title")
REST_NAMES: Final = {one.name: one.name for one in fields(TaskInfo) if one.name != "idempotency_key"} | {
    "id": "task_id"
}
"""The keys of a task over REST, by the names of its fields."""
QUEUE_FIELDS: Final = "name waiting running workers oldestAt pausedAt pausedBy pauseReason"
QUEUE_COLUMNS: Final = ("name", "waiting", "running", "workers", "oldest_at", "paused_at", "pause_reason")
WORKER_FIELDS: Final = "id host pid version kinds queues slots running startedAt seenAt isStopping"
WORKER_COLUMNS: Final = ("id", "version", "slots", "running", "queues", "started_at", "seen_at", "is_stopping")
WIDEST: Final = 1_000
"""Columns of an output that is no terminal: nothing is cut for a program that reads it."""


def rest_body(task: TaskInfo) -> dict[str, Any]:
    """The task as `GET /tasks/{task_id}` answers it."""
    return {key: _plain(getattr(task, name)) for name, key in REST_NAMES.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, ErrorInfo):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return value


async def list_tasks(
    tasks: Client, *, status: Sequence[str], kind: str | None, queue: str | None, search: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest first. Raises CallError."""
    found: list[dict[str, Any]] = []
    async with aclosing(tasks.list(status=status or None, kind=kind, queue=queue, search=search)) as infos:
        async for info in infos:
            found.append(rest_body(info))
            if len(found) == limit:
                break
    return found


async def get_task(tasks: Client, task_id: str) -> dict[str, Any]:
    """Raises NotFound, and any other CallError."""
    found = await tasks.get(task_id)
    if found is None:
        raise NotFound(f"There is no task {task_id}.")
    return rest_body(found)


async def change_each(
    ids: Iterable[str], change: Callable[[str], Awaitable[TaskInfo]]
) -> AsyncIterator[dict[str, Any] | CallError]:
    """The task as the change left it, or why it was refused, for each id in order."""
    for task_id in ids:
        try:
            yield rest_body(await change(task_id))
        except CallError as error:
            yield error


async def kinds(tasks: Client) -> list[str]:
    found: list[str] = (await tasks.graphql("{ kinds }"))["kinds"]
    return found


async def queues(tasks: Client) -> list[dict[str, Any]]:
    return _snake_case((await tasks.graphql(f"{{ queues {{ {QUEUE_FIELDS} }} }}"))["queues"])


async def workers(tasks: Client) -> list[dict[str, Any]]:
    return _snake_case((await tasks.graphql(f"{{ workers {{ {WORKER_FIELDS} }} }}"))["workers"])


async def pause(tasks: Client, queue: str, reason: str | None) -> dict[str, Any]:
    """The queue as it is then. Raises CallError."""
    arguments = "$name: String!, $reason: String"
    mutation = f"mutation ({arguments}) {{ queue: pauseQueue(name: $name, reason: $reason) {{ {QUEUE_FIELDS} }} }}"
    return _snake_case([(await tasks.graphql(mutation, {"name": queue, "reason": reason}))["queue"]])[0]


async def resume(tasks: Client, queue: str) -> dict[str, Any]:
    """The same."""
    mutation = f"mutation ($name: String!) {{ queue: resumeQueue(name: $name) {{ {QUEUE_FIELDS} }} }}"
    return _snake_case([(await tasks.graphql(mutation, {"name": queue}))["queue"]])[0]


def _snake_case(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """From the names that fields have in GraphQL."""
    return [{re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): row[key] for key in row} for row in rows]


class Output:
    """Standard output, as a table or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDEST)

    def rows(self, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
        """A table of these columns; as JSON all that there is, in one array."""
        if self._as_json:
            self._dump(rows)
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in columns:
            table.add_column(name.removesuffix("_at").removeprefix("task_"), no_wrap=name != "title")
        for row in rows:
            table.add_row(*(_cell(name, row[name]) for name in columns))
        self._console.print(table)

    def one(self, row: dict[str, Any]) -> None:
        """A line for each field; as JSON one object."""
        if self._as_json:
            self._dump(row)
            return
        for name, value in row.items():
            line = Text(f"{name:<16}", style="dim")
            self._console.print(line.append_text(_cell(name, value)), soft_wrap=True)

    def names(self, names: Sequence[str]) -> None:
        if self._as_json:
            self._dump(names)
            return
        for name in names:
            self._console.print(printable(name), markup=False, soft_wrap=True)

    def _dump(self, value: object) -> None:
        print(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def _cell(name: str, value: Any) -> Text:
    if value is None:
        return Text("-", style="dim")
    if name == "error":
        trace = value["traceback"] or ""
        return Text(f"{value['type']}: {value['message']}\n{trace}".rstrip(), style="red")
    if isinstance(value, dict | list):
        return Text(json.dumps(value, ensure_ascii=False))
    return Text(printable(str(value)), style=STYLES.get(value, "") if name == "status" else "")
