"""The command line, and the one composition root: it alone knows both the API and the worker.

Each command imports what it runs, so that a client starts fast and a worker carries no API.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from taskflow.infra.errors import StartError

if TYPE_CHECKING:
    from taskflow.infra.resources import Resources
    from taskflow.infra.settings import Settings

DEFAULT_URL: Final = "http://127.0.0.1:8000"


# --- the processes ----------------------------------------------------------------------------------------------------


async def up(settings: "Settings", host: str) -> None:
    """API and worker in one process, on whatever the URLs say."""
    from taskflow.graph.http.server import listening, serve
    from taskflow.infra.resources import open_resources
    from taskflow.worker import builtin as handlers
    from taskflow.worker import examples
    from taskflow.worker.registry import Registry
    from taskflow.worker.runtime import run_worker

    registry = Registry.load([handlers, *settings.worker_handlers], examples=examples)
    with listening(host, settings.api_port) as listener:
        await migrate_database(settings)
        async with open_resources(settings) as resources:
            with stop_signals() as stop:
                worker = asyncio.create_task(run_worker(resources, registry, stop))
                worker.add_done_callback(lambda _: stop.set())
                await serve(resources, listener, stop, before_closing=worker)


async def api(settings: "Settings", host: str) -> None:
    from taskflow.graph.http.server import listening, logger, serve
    from taskflow.infra.resources import open_resources
    from taskflow.infra.settings import MEMORY

    if settings.rabbitmq_url == MEMORY:
        logger.warning("RABBITMQ_URL is not set: no worker of another process will see these tasks; see `taskflow up`")
    with listening(host, settings.api_port) as listener:
        async with open_resources(settings) as resources:
            await wait_for_migration(resources)
            with stop_signals() as stop:
                await serve(resources, listener, stop)


async def worker(settings: "Settings") -> None:
    from taskflow.infra.resources import open_resources
    from taskflow.infra.settings import MEMORY
    from taskflow.worker import builtin as handlers
    from taskflow.worker.registry import Registry
    from taskflow.worker.runtime import run_worker

    if settings.rabbitmq_url == MEMORY:
        raise StartError("RABBITMQ_URL is not set: a memory:// broker works only inside one process, as `taskflow up`")
    registry = Registry.load([handlers, *settings.worker_handlers])
    async with open_resources(settings) as resources:
        await wait_for_migration(resources)
        with stop_signals() as stop:
            await run_worker(resources, registry, stop)


async def migrate_database(settings: "Settings") -> None:
    import sqlalchemy as sa

    from taskflow.db.errors import TaskFlowError
    from taskflow.db.migrate import migrate
    from taskflow.infra.database import open_database

    attempts, backoff = settings.db_connect_attempts, settings.db_connect_backoff
    async with open_database(settings.db_url, attempts=attempts, backoff=backoff) as engine:
        try:
            await migrate(engine)
        except TaskFlowError as error:
            raise StartError(f"DB_URL: {error}") from error
        except sa.exc.DBAPIError as error:
            raise StartError(f"DB_URL: the database can't be migrated: {error.orig}") from error


async def wait_for_migration(resources: "Resources") -> None:
    """For as long as the settings wait for the database itself. Raises StartError."""
    from taskflow.db.revision import is_current

    settings = resources.settings
    for attempt in range(settings.db_connect_attempts):
        if await is_current(resources.engine):
            return
        if attempt == 0:
            sys.stderr.write("The database is not migrated yet: waiting for `taskflow migrate`\n")
        await asyncio.sleep(settings.db_connect_backoff.total_seconds())
    raise StartError("The database is not migrated: run `taskflow migrate`")


@contextmanager
def stop_signals() -> "Iterator[asyncio.Event]":
    """Set at the first SIGTERM or SIGINT; a second one ends the process as it stands: leases bring its tasks back."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def over_the_api(arguments: argparse.Namespace) -> int:
    """Raises StartError, with what the API or its absence has to say."""
    from taskflow.cli import console
    from taskflow.client import remote as client

    url = os.environ.get("TASKFLOW_URL", DEFAULT_URL).rstrip("/")
    try:
        match arguments.command:
            case "submit":
                title, payload, kind = arguments.title, arguments.payload, arguments.kind
                return await console.submit(url, title, payload, kind, watch_it=arguments.watch)
            case "watch":
                return await console.watch(url, arguments.id)
            case _:
                return await console.seed(url, arguments.count, arguments.rate)
    except client.ClientError as error:
        raise StartError(str(error)) from error


# --- the command line -------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="taskflow", description="Background work over GraphQL: durable, retried, live.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help_ in (("up", "API and worker in one process"), ("api", "the API, without a worker")):
        command = commands.add_parser(name, help=help_, description=help_)
        command.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        command.add_argument("--port", help="port to listen on ($API_PORT, 8000)")
    commands.add_parser("worker", help="a worker with its dispatcher; SIGTERM drains")
    commands.add_parser("migrate", help="bring the database to the newest revision; safe to run twice")
    submit = commands.add_parser("submit", help="create a task over the API at $TASKFLOW_URL")
    submit.add_argument("title")
    submit.add_argument("--payload", metavar="JSON", help="an object")
    submit.add_argument("--kind", metavar="K", help="which handler runs it (message)")
    submit.add_argument("--watch", action="store_true", help="follow it to its end: exit 0 for DONE, else 1")
    watch = commands.add_parser("watch", help="follow one task, or all, live")
    watch.add_argument("id", nargs="?", help="a task's id; all of them when not given")
    seed = commands.add_parser(
        "seed",
        help="create sample tasks over the API",
        description="create sample tasks over the API; separate workers run them with WORKER_HANDLERS=worker.examples",
    )
    seed.add_argument("--count", type=_positive(int), default=100, metavar="N", help="how many (100)")
    seed.add_argument("--rate", type=_positive(float), metavar="R", help="so many a second (as fast as they are taken)")
    return top


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError("takes a number above 0")
        return value

    return number


def prepare(overrides: dict[str, Any]) -> "Settings":
    """Settings, and logging set up by them. Raises SettingsError."""
    from taskflow.infra.settings import load_settings
    from taskflow.infra.telemetry import set_up_logging

    settings = load_settings(**overrides)
    set_up_logging(level=settings.log_level, format_=settings.log_format)
    return settings


def work(arguments: argparse.Namespace) -> Coroutine[Any, Any, int | None]:
    """What the command does, ready to be run. Raises SettingsError."""
    if arguments.command in {"submit", "watch", "seed"}:
        return over_the_api(arguments)
    port = getattr(arguments, "port", None)
    settings = prepare({"api_port": port} if port is not None else {})
    match arguments.command:
        case "up":
            return up(settings, arguments.host)
        case "api":
            return api(settings, arguments.host)
        case "worker":
            return worker(settings)
        case _:
            return migrate_database(settings)


def run(coroutine: Coroutine[Any, Any, int | None]) -> int | None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    return uvloop.run(coroutine)


def main() -> None:
    sys.path.insert(0, os.getcwd())  # where the modules of WORKER_HANDLERS are
    arguments = parser().parse_args()
    try:
        sys.exit(run(work(arguments)))
    except StartError as error:
        sys.exit("\n".join(f"taskflow: {line}" for line in str(error).splitlines()))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
