"""The commands that run until they are told to stop: up, api, worker. Each imports what it runs, and no more."""

import asyncio
import os
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from taskflow.infra.errors import StartError
from taskflow.infra.settings import Settings

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


async def up(settings: Settings, host: str) -> None:
    """API and worker in one process, on whatever the URLs say."""
    from taskflow.embedded import registry_of, run_embedded
    from taskflow.graph.execution.tokens import load_tokens
    from taskflow.graph.http.server import listening

    registry = registry_of(settings.worker_handlers)
    load_tokens(settings)
    with listening(host, settings.api_port, may_be_reached=settings.may_be_reached) as listener, stop_signals() as stop:
        await run_embedded(settings, registry, listener, stop)


async def api(settings: Settings, host: str) -> None:
    from taskflow.graph.app import app_on, drain
    from taskflow.graph.execution.tokens import load_tokens
    from taskflow.graph.http.server import listening, logger, serve
    from taskflow.infra.resources import open_resources
    from taskflow.migration import wait_for_migration

    if settings.in_memory_broker:
        logger.warning("RABBITMQ_URL is not set: no worker of another process will see these tasks; see `taskflow up`")
    load_tokens(settings)
    with listening(host, settings.api_port, may_be_reached=settings.may_be_reached) as listener:
        async with open_resources(settings) as resources:
            await wait_for_migration(resources)
            with stop_signals() as stop:
                await serve(app_on(resources), listener, stop, drain=drain)


async def worker(settings: Settings, *, drain: bool = False) -> None:
    """With `drain`, until its queues are empty and nothing is due within a second."""
    from taskflow.infra.resources import open_resources
    from taskflow.migration import wait_for_migration
    from taskflow.worker import builtin
    from taskflow.worker.registry import Registry
    from taskflow.working import work

    if settings.in_memory_broker:
        raise StartError("RABBITMQ_URL is not set: a memory:// broker works only inside one process, as `taskflow up`")
    registry = Registry.load([builtin, *settings.worker_handlers])
    async with open_resources(settings) as resources:
        await wait_for_migration(resources)
        with stop_signals() as stop:
            await work(resources, registry, stop, drain=drain)


async def migrate(settings: Settings) -> None:
    from taskflow.migration import migrate_database

    await migrate_database(settings)


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Set at the first SIGTERM or SIGINT; a second one ends the process at once: leases bring its tasks back."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in STOPPING:
        loop.add_signal_handler(number, on_signal, number)
    _keep_from_forks(weakref.ref(stop))
    try:
        yield stop
    finally:
        for number in STOPPING:
            loop.remove_signal_handler(number)


def _keep_from_forks(stop: "weakref.ref[asyncio.Event]") -> None:
    """A signal to a process that a handler forks is its own: it must not reach our loop over the pair of sockets that
    both have. One that comes before the child has forgotten our handlers waits until it has.
    """
    before = threading.local()

    def hold_back() -> None:
        before.mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)

    def let_through() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before.mask)

    def forget() -> None:
        if stop() is not None:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
        let_through()

    os.register_at_fork(before=hold_back, after_in_parent=let_through, after_in_child=forget)
