"""`/healthz` with every dependency, within 2 seconds even when one hangs; `/livez` with the process's own loops.

Both are open. Who has no token is told the status alone by the first.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from taskflow.db.rights import may_write
from taskflow.graph.execution.access import VIEWER
from taskflow.graph.http.routes import OpenRoute
from taskflow.graph.services import Services
from taskflow.infra import database

logger = logging.getLogger("taskflow.health")

LONGEST: Final = timedelta(seconds=1.5)
"""What a dependency may take."""


async def healthz(request: Request) -> Response:
    services: Services = request.app.state.services
    resources = services.resources
    pings: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "db": lambda: _ask_database(resources.engine),
        "mq": resources.broker.ping,
        "redis": resources.bus.ping,
    }
    results = await asyncio.gather(*(_check(name, ping) for name, ping in pings.items()))
    checks = dict(zip(pings, results, strict=True))
    is_well = not services.draining.is_set() and all(check["ok"] for check in checks.values())
    body: dict[str, Any] = {"status": "ok" if is_well else "unavailable"}
    if request.scope[VIEWER]:
        body["checks"] = checks
    return JSONResponse(body, 200 if is_well else 503)


async def _ask_database(engine: AsyncEngine) -> None:
    await database.ping(engine)
    await may_write(engine)


async def _check(name: str, ping: Callable[[], Coroutine[Any, Any, None]]) -> dict[str, Any]:
    """Not under a time-out of its own: a client that hangs may hang in its clean-up too, and is not waited for."""
    began = time.perf_counter()
    pinging = asyncio.create_task(ping(), name=f"ping {name}")
    pinging.add_done_callback(_error)
    done, _ = await asyncio.wait([pinging], timeout=LONGEST.total_seconds())
    error = _error(pinging) if done else TimeoutError()
    if error:
        logger.warning("%s is not well: %s", name, getattr(error, "orig", None) or str(error) or type(error).__name__)
        pinging.cancel()
    return {"ok": error is None, "latency_ms": round((time.perf_counter() - began) * 1000, 2)}


def _error(done: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if done.cancelled() else done.exception()


async def livez(request: Request) -> Response:
    """Whether this process's own loops turn: nothing that another process could mend."""
    services: Services = request.app.state.services
    if silent := services.resources.liveness.silent():
        logger.error("nothing was heard for 30 s of: %s", ", ".join(silent))
        return JSONResponse({"status": "unavailable", "silent": silent}, 503)
    return JSONResponse({"status": "ok"})


ROUTES: Final = [OpenRoute("/healthz", healthz), OpenRoute("/livez", livez)]
