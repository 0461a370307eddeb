"""`taskflow check`: what would stop a start, part by part, each asked once and left as it was."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from rich.console import Console
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.revision import is_current
from taskflow.db.rights import try_writes
from taskflow.graph.execution.tokens import load_tokens
from taskflow.infra.database import check_packets, open_database
from taskflow.infra.errors import StartError
from taskflow.infra.resources import open_broker, open_bus
from taskflow.infra.settings import Settings, prepare
from taskflow.worker import builtin
from taskflow.worker.registry import Registry

ONCE: Final = dict.fromkeys(("db_connect_attempts", "rabbitmq_connect_attempts"), 1)

Check = Callable[[], Awaitable[str]]


async def check() -> int:
    """Print a line for each part; 0 when all is well, 1 when something would stop a start."""
    console = Console(highlight=False)
    failed = False
    async for part, fault, detail in _results():
        failed |= fault
        line = Text(f"{part:<9} ").append("fail  " if fault else "ok    ", style="red" if fault else "green")
        console.print(line.append(detail), soft_wrap=True)
    return 1 if failed else 0


async def _results() -> AsyncIterator[tuple[str, bool, str]]:
    """The part, whether it failed, and what there is to say of it."""
    try:
        settings = prepare(**ONCE)
    except StartError as error:
        for line in str(error).splitlines():
            yield "settings", True, line
        return
    yield "settings", False, "each variable is understood"
    async with AsyncExitStack() as stack:
        for part, ask in _parts(settings, stack).items():
            try:
                yield part, False, await ask()
            except StartError as error:
                yield part, True, " ".join(str(error).split())
            except sa.exc.DBAPIError as error:
                yield part, True, f"the database refuses: {error.orig}"


def _parts(settings: Settings, stack: AsyncExitStack) -> dict[str, Check]:
    opened: list[AsyncEngine] = []

    def engine() -> AsyncEngine:
        if not opened:
            raise StartError("not asked: the database can't be reached")
        return opened[0]

    async def tokens() -> str:
        count = len(load_tokens(settings))
        return f"{count} may call the API" if count else "none: everybody who reaches the API may do everything"

    async def database() -> str:
        at = open_database(settings.db_url, attempts=1, backoff=timedelta())
        opened.append(await stack.enter_async_context(at))
        return opened[0].url.render_as_string(hide_password=True)

    async def broker() -> str:
        found = await stack.enter_async_context(open_broker(settings))
        depths = [f"{queue}: {await found.depth(queue)} waiting" for queue in settings.worker_queues]
        return f"{'in memory' if settings.in_memory_broker else 'RabbitMQ'}, {', '.join(depths)}"

    async def bus() -> str:
        found = await stack.enter_async_context(open_bus(settings))
        await found.check()
        return "in memory" if settings.in_memory_bus else "Redis, both channels can be used"

    async def handlers() -> str:
        return ", ".join(Registry.load([builtin, *settings.worker_handlers]).kinds)

    return {
        "tokens": tokens,
        "database": database,
        "revision": lambda: _revision(engine()),
        "rights": lambda: _rights(engine()),
        "packets": lambda: check_packets(engine(), settings.payload_max_bytes),
        "broker": broker,
        "bus": bus,
        "handlers": handlers,
    }


async def _revision(engine: AsyncEngine) -> str:
    if not await is_current(engine):
        raise StartError("the database is not migrated: run `taskflow migrate`")
    return "the newest"


async def _rights(engine: AsyncEngine) -> str:
    if not await is_current(engine):
        raise StartError("not asked: the database is not migrated")
    await try_writes(engine)
    return "may read and write tasks"
