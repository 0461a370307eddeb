"""The API's ASGI application: routes, middleware, and what lives as long as it does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from taskflow.graph.execution.tokens import open_tokens
from taskflow.graph.figures.kinds import open_kinds
from taskflow.graph.figures.readings import open_readings
from taskflow.graph.figures.stats import StatsCache
from taskflow.graph.figures.throughput import FiguresCache
from taskflow.graph.http import health, metrics, rest
from taskflow.graph.http.admission import Admission, Answering
from taskflow.graph.http.dashboard import Dashboard, built_dashboard
from taskflow.graph.http.guard import Guard
from taskflow.graph.http.index import GraphQLWithPage, index
from taskflow.graph.http.prefix import ForwardedPrefix, prefix_of
from taskflow.graph.http.problems import HANDLERS
from taskflow.graph.http.routes import OpenRoute, OpenWebSocketRoute
from taskflow.graph.http.security import SafeHeaders, allowed_origins
from taskflow.graph.http.server import SHUTDOWN_SECONDS
from taskflow.graph.live.hub import open_hub
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from taskflow.graph.sockets import feed as ws
from taskflow.graph.sockets.graphql_ws import End
from taskflow.infra.metrics_port import open_metrics_port
from taskflow.infra.rate import open_rate_limit
from taskflow.infra.resources import Resources
from taskflow.infra.settings import Settings
from taskflow.infra.submitter import open_submitter

BODY_MAX: Final = 4 * 1024 * 1024
"""Room for many tasks at once; more where one payload may be larger."""
ANSWERED_WITHIN: Final = SHUTDOWN_SECONDS - 1
"""Seconds that a request may take once the server stops."""
METRICS_PORTS: Final = 32
OPENAPI: Final = Path(__file__).parent / "http" / "openapi.json"


@asynccontextmanager
async def open_services(resources: Resources) -> AsyncIterator[Services]:
    async with AsyncExitStack() as stack:
        tokens = await stack.enter_async_context(open_tokens(resources.settings, resources.liveness))
        rate = await stack.enter_async_context(open_rate_limit(resources.settings))
        submitter = await stack.enter_async_context(open_submitter(resources))
        hub = await stack.enter_async_context(
            open_hub(resources.engine, resources.bus, resources.clock, resources.liveness, resources.metrics)
        )
        kinds = await stack.enter_async_context(open_kinds(resources.engine))
        await stack.enter_async_context(open_readings(resources))
        await stack.enter_async_context(open_metrics_port(resources.metrics, "API_METRICS_PORT", _ports(resources)))
        stats, figures = StatsCache(resources), FiguresCache(resources)
        yield Services(resources, submitter, hub, stats, figures, kinds, tokens, rate)


def _ports(resources: Resources) -> Sequence[int]:
    """Several processes that serve one port have the same settings: each takes the first that is free."""
    first = resources.settings.api_metrics_port
    return range(first, min(first + METRICS_PORTS, 65536)) if first else ()


def create_app(settings: Settings, open_: Callable[[], AbstractAsyncContextManager[Services]]) -> Starlette:
    """Serves with the services that `open_` opens when the application starts, and closes when it ends.

    Raises StartError when the settings name an origin that is none.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_() as services:
            app.state.services = services
            yield

    folder = built_dashboard()
    dashboard = Dashboard(folder, settings) if folder else None
    origins = sorted(allowed_origins(settings.cors_allow_origins))
    limit = max(BODY_MAX, rest.body_max(settings.payload_max_bytes))
    graphql = GraphQLWithPage(schema, context=Operation.of, allowed_origins=origins, body_limit=limit, enter=enter)
    graphql.dashboard = dashboard
    answering = Answering()
    app = Starlette(
        routes=[
            *(dashboard.routes() if dashboard else [OpenRoute("/", index)]),
            OpenRoute("/graphql", graphql),
            OpenWebSocketRoute("/graphql", graphql),
            WebSocketRoute("/ws", ws.status_feed),
            Route("/openapi.json", openapi),
            *rest.ROUTES,
            *health.ROUTES,
            *metrics.ROUTES,
        ],
        middleware=_middleware(origins, answering),
        exception_handlers=HANDLERS | ({404: dashboard.not_found} if dashboard else {}),
        lifespan=lifespan,
    )
    app.state.graphql = graphql
    app.state.answering = answering
    app.state.allowed_origins = graphql.allowed_origins
    return app


def _middleware(origins: Sequence[str], answering: Answering) -> list[Middleware]:
    return [
        Middleware(SafeHeaders),
        Middleware(ForwardedPrefix),
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "idempotency-key", "traceparent"],
            expose_headers=["link", "location", "retry-after", "www-authenticate"],
        ),
        Middleware(Guard),
        Middleware(Admission, answering),
    ]


def app_on(resources: Resources) -> Starlette:
    """The application of a process that has its resources open."""
    return create_app(resources.settings, lambda: open_services(resources))


def enter(socket: WebSocket, secret: bytes | None, end: End) -> AbstractContextManager[None]:
    """For as long as the socket is open. Raises Unauthenticated."""
    services: Services = socket.app.state.services
    return services.tokens.session(socket, secret, end)


async def drain(app: Starlette) -> None:
    """Tell watchers to connect again, elsewhere; from now on this process is not healthy."""
    services: Services = app.state.services
    services.draining.set()
    app.state.answering.end_within(ANSWERED_WITHIN)
    await asyncio.gather(app.state.graphql.drain(), ws.drain(services))


async def openapi(request: Request) -> Response:
    """Its paths are relative to where the application is mounted."""
    document, prefix = json.loads(OPENAPI.read_bytes()), prefix_of(request)
    return JSONResponse(document | {"servers": [{"url": prefix}]} if prefix else document)
