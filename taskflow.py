"""The command line, and the one composition root: it alone knows both the API and the worker."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import structlog
import uvicorn
from starlette.applications import Starlette

from db.migrate import is_current, migrate
from graph import console
from graph.app import create_app as create_api
from graph.app import drain, open_services
from graph.client import ClientError
from graph.context import Services
from infra.broker import BrokerUnavailable, TopologyConflict
from infra.bus import BusUnavailable
from infra.database import DatabaseUnavailable, open_database
from infra.resources import Resources, open_resources
from infra.settings import MEMORY, Settings, SettingsError, load_settings
from infra.telemetry import set_up_logging
from worker import examples, handlers
from worker.registry import HandlerError, Registry
from worker.runtime import run_worker

logger = structlog.get_logger("taskflow")

DEFAULT_URL: Final = "http://127.0.0.1:8000"
SHUTDOWN_SECONDS: Final = 5
FRAME_MAX: Final = 1 << 20


class StartError(Exception):
    """What keeps a command from starting. Its text is a line for the operator."""


EXPECTED: Final = (
    BrokerUnavailable,
    BusUnavailable,
    ClientError,
    DatabaseUnavailable,
    HandlerError,
    SettingsError,
    StartError,
    TopologyConflict,
)


# --- the processes ----------------------------------------------------------------------------------------------------


async def up(settings: Settings, host: str) -> None:
    """API and worker in one process, on whatever the URLs say."""
    await migrate_database(settings)
    registry = Registry.load([handlers, examples, *settings.worker_handlers])
    with listening(host, settings.api_port) as listener:
        async with open_resources(settings) as resources:
            with stop_signals() as stop:
                worker = asyncio.create_task(run_worker(resources, registry, stop))
                worker.add_done_callback(lambda _: stop.set())
                await serve(resources, listener, stop, before_closing=worker)


async def api(settings: Settings, host: str) -> None:
    if settings.rabbitmq_url == MEMORY:
        logger.warning("RABBITMQ_URL is not set: no worker of another process will see these tasks; see `taskflow up`")
    with listening(host, settings.api_port) as listener:
        async with open_resources(settings) as resources:
            await wait_for_migration(resources)
            with stop_signals() as stop:
                await serve(resources, listener, stop)


async def worker(settings: Settings) -> None:
    if settings.rabbitmq_url == MEMORY:
        raise StartError("RABBITMQ_URL is not set: a memory:// broker works only inside one process, as `taskflow up`")
    registry = Registry.load([handlers, *settings.worker_handlers])
    async with open_resources(settings) as resources:
        await wait_for_migration(resources)
        with stop_signals() as stop:
            await run_worker(resources, registry, stop)


async def migrate_database(settings: Settings) -> None:
    attempts, backoff = settings.db_connect_attempts, settings.db_connect_backoff
    async with open_database(settings.db_url, attempts=attempts, backoff=backoff) as engine:
        await migrate(engine)


async def wait_for_migration(resources: Resources) -> None:
    """For as long as the settings wait for the database itself. Raises StartError."""
    for _ in range(resources.settings.db_connect_attempts):
        if await is_current(resources.engine):
            return
        logger.warning("the database is not migrated yet: waiting for `taskflow migrate`")
        await asyncio.sleep(resources.settings.db_connect_backoff.total_seconds())
    raise StartError("The database is not migrated: run `taskflow migrate`")


async def serve(
    resources: Resources,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    before_closing: asyncio.Task[None] | None = None,
) -> None:
    """Serve until `stop`; then wait for `before_closing`, so that its last news is still delivered, and drain."""
    app = create_api(resources.settings, lambda: open_services(resources))
    server = uvicorn.Server(server_config(app))
    server.capture_signals = _leave_signals_alone  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    serving.add_done_callback(lambda _: stop.set())
    logger.info("serving", url=url_of(listener))
    await stop.wait()
    if before_closing:
        await asyncio.wait([before_closing])
    if not serving.done():
        await drain(app)
        server.should_exit = True
    await serving
    if before_closing:
        await before_closing


def server_config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=FRAME_MAX,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


@contextmanager
def _leave_signals_alone() -> Iterator[None]:
    """Uvicorn would stop serving at a signal, before the worker beside it has drained."""
    yield


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Raises StartError when the address can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise StartError(
                f"Can't listen on {host}:{port}: {error.strerror}. API_PORT or --port name another"
            ) from error
        listener.listen(2048)
        listener.setblocking(False)
        yield listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Set at the first SIGTERM or SIGINT; a second one ends the process as it stands: leases bring its tasks back."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            logger.warning("stopping at once: what runs here will run again when its lease is over")
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def create_app() -> Starlette:
    """The API alone, for `uvicorn --reload --factory taskflow:create_app`."""
    settings = load_settings()
    set_up_logging(level=settings.log_level, format_=settings.log_format)

    @asynccontextmanager
    async def open_everything() -> AsyncIterator[Services]:
        async with open_resources(settings) as resources, open_services(resources) as services:
            yield services

    return create_api(settings, open_everything)


# --- the command line -------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="taskflow", description="Background work over GraphQL: durable, retried, live.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help_ in (("up", "API and worker in one process"), ("api", "the API, without a worker")):
        command = commands.add_parser(name, help=help_, description=help_)
        command.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        command.add_argument("--port", type=int, help="port to listen on ($API_PORT, 8000)")
    commands.add_parser("worker", help="a worker with its dispatcher; SIGTERM drains")
    commands.add_parser("migrate", help="bring the database to the newest revision; safe to run twice")
    submit = commands.add_parser("submit", help="create a task over the API at $TASKFLOW_URL")
    submit.add_argument("title")
    submit.add_argument("--payload", metavar="JSON", help="an object")
    submit.add_argument("--kind", metavar="K", help="which handler runs it (message)")
    submit.add_argument("--watch", action="store_true", help="follow it to its end: exit 0 for DONE, else 1")
    watch = commands.add_parser("watch", help="follow one task, or all, live")
    watch.add_argument("id", nargs="?", help="a task's id; all of them when not given")
    seed = commands.add_parser("seed", help="create sample tasks over the API")
    seed.add_argument("--count", type=_positive(int), default=100, metavar="N", help="how many (100)")
    seed.add_argument("--rate", type=_positive(float), metavar="R", help="so many a second (as fast as they are taken)")
    return top


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError("takes a number above 0")
        return value

    return parse


def work(arguments: argparse.Namespace) -> Coroutine[Any, Any, int | None]:
    """What the command does, ready to be run. Raises SettingsError."""
    url = os.environ.get("TASKFLOW_URL", DEFAULT_URL).rstrip("/")
    match arguments.command:
        case "submit":
            return console.submit(url, arguments.title, arguments.payload, arguments.kind, watch_it=arguments.watch)
        case "watch":
            return console.watch(url, arguments.id)
        case "seed":
            return console.seed(url, arguments.count, arguments.rate)
    port = getattr(arguments, "port", None)
    settings = load_settings(**({"api_port": port} if port is not None else {}))
    set_up_logging(level=settings.log_level, format_=settings.log_format)
    match arguments.command:
        case "up":
            return up(settings, arguments.host)
        case "api":
            return api(settings, arguments.host)
        case "worker":
            return worker(settings)
        case _:
            return migrate_database(settings)


def main() -> None:
    sys.path.insert(0, os.getcwd())  # where the modules of WORKER_HANDLERS are
    arguments = parser().parse_args()
    try:
        sys.exit(uvloop_run(work(arguments)))
    except EXPECTED as error:
        sys.exit(f"taskflow: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def uvloop_run(coroutine: Coroutine[Any, Any, int | None]) -> int | None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    return uvloop.run(coroutine)


if __name__ == "__main__":
    main()
