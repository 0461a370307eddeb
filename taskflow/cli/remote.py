"""The commands that are a client of the API, wherever it runs."""

import argparse
import sys
from collections.abc import Awaitable, Callable

from taskflow.cli import console, tables
from taskflow.client.client import Client
from taskflow.errors import CallError, InvalidTask
from taskflow.infra.errors import StartError
from taskflow.infra.task_info import TaskInfo


async def run_remote(arguments: argparse.Namespace) -> int:
    """The exit status. Raises StartError, with what the API or its absence has to say."""
    try:
        async with Client() as tasks:
            if arguments.command in {"submit", "watch", "seed"}:
                return await _act(tasks, arguments)
            return await show(tasks, arguments)
    except InvalidTask as error:
        raise StartError("\n".join(f"{field} {takes}" for field, takes in error.errors.items())) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StartError(f"standard output can't be written: {error.strerror or error}") from error
    except (CallError, ValueError) as error:
        raise StartError(str(error)) from error


async def _act(tasks: Client, arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "submit":
            title, payload, kind = arguments.title, arguments.payload, arguments.kind
            return await console.submit(tasks, title, payload, kind, watch_it=arguments.watch)
        case "watch":
            return await console.watch(tasks, arguments.id)
        case _:
            return await console.seed(tasks, arguments.count, arguments.rate)


async def show(tasks: Client, arguments: argparse.Namespace) -> int:
    output = tables.Output(as_json=arguments.json)
    match arguments.command:
        case "list":
            wanted = {name: getattr(arguments, name) for name in ("status", "kind", "queue", "search", "limit")}
            output.rows(await tables.list_tasks(tasks, **wanted), tables.COLUMNS)
        case "get":
            output.one(await tables.get_task(tasks, arguments.id))
        case "retry":
            return await _change(output, arguments.id, lambda task_id: tasks.handle(task_id).retry())
        case "cancel":
            return await _change(output, arguments.id, lambda task_id: tasks.handle(task_id).cancel())
        case "kinds":
            output.names(await tables.kinds(tasks))
        case _:
            await _show_operating(tasks, output, arguments)
    return 0


async def _show_operating(tasks: Client, output: tables.Output, arguments: argparse.Namespace) -> None:
    match arguments.command:
        case "workers":
            output.rows(await tables.workers(tasks), tables.WORKER_COLUMNS)
        case "pause":
            output.one(await tables.pause(tasks, arguments.queue, arguments.reason))
        case "resume":
            output.one(await tables.resume(tasks, arguments.queue))
        case _:
            output.rows(await tables.queues(tasks), tables.QUEUE_COLUMNS)


async def _change(output: tables.Output, ids: list[str], change: Callable[[str], Awaitable[TaskInfo]]) -> int:
    """What was done is shown, what was refused told with its reason: 1 when anything was."""
    done, refused = [], False
    async for outcome in tables.change_each(ids, change):
        if isinstance(outcome, CallError):
            refused = True
            sys.stderr.write(f"taskflow: {outcome}\n")
        else:
            done.append(outcome)
    output.rows(done, tables.COLUMNS)
    return 1 if refused else 0
