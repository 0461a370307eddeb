"""`/metrics`: what this process tells Prometheus, as text, or as OpenMetrics where that is asked for."""

import asyncio
from typing import Final

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taskflow.graph.services import Services


async def metrics(request: Request) -> Response:
    """In a thread: its gauges wait for what this loop reads."""
    services: Services = request.app.state.services
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    text = await asyncio.to_thread(encode, services.resources.metrics.registry)
    return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})


ROUTES: Final = [Route("/metrics", metrics)]
