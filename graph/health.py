"""`/healthz` with every dependency, within 2 seconds even when one hangs; `/livez` without any."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from graph.context import Services
from infra import database

logger = logging.getLogger("taskflow.health")

LONGEST: Final = 1.5
"""Seconds that a dependency may take."""


async def healthz(request: Request) -> Response:
    services: Services = request.app.state.services
    resources = services.resources
    pings: dict[str, Callable[[], Awaitable[None]]] = {
        "db": lambda: database.ping(resources.engine),
        "mq": resources.broker.ping,
        "redis": resources.bus.ping,
    }
    results = await asyncio.gather(*(_check(name, ping) for name, ping in pings.items()))
    checks = dict(zip(pings, results, strict=True))
    if services.draining.is_set() or not all(check["ok"] for check in checks.values()):
        return JSONResponse({"status": "unavailable", "checks": checks}, 503)
    return JSONResponse({"status": "ok", "checks": checks})


async def _check(name: str, ping: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(LONGEST):
            await ping()
        ok = True
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not well
        logger.warning("%s is not well: %s", name, type(error).__name__)
        ok = False
    return {"ok": ok, "latency_ms": round((time.perf_counter() - began) * 1000, 2)}


async def livez(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


ROUTES: Final = [Route("/healthz", healthz), Route("/livez", livez)]
