"""A real server for an application: the real one, or the toy schema behind a GraphQLApp of its own."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from taskflow.graph.app import create_app
from taskflow.graph.http.graphql import GraphQLApp
from taskflow.graph.services import Services
from tests.graph.toy import Events, schema


def make_app(events: Events | None = None, **options: Any) -> GraphQLApp:
    context = events or Events()
    return GraphQLApp(schema, context=lambda connection: context, **options)


def app_of(services: Services, **settings: Any) -> Starlette:
    """The real application on services that are open already, its settings changed as told."""
    app = create_app(services.resources.settings.model_copy(update=settings), AsyncExitStack)  # type: ignore[arg-type]
    app.state.services = services
    return app


@asynccontextmanager
async def serving(app: ASGIApp, *, port: int = 0, send_buffer: int | None = None) -> AsyncIterator[str]:
    """The address, as host:port, at which a real server answers; a GraphQLApp alone is on /graphql.

    The kernel keeps no more than `send_buffer` bytes for a client that does not read.
    """
    site = app
    if isinstance(app, GraphQLApp):
        site = Starlette(routes=[Route("/graphql", app), WebSocketRoute("/graphql", app)])
    config = uvicorn.Config(site, log_level="warning", ws_max_size=1 << 20, lifespan="off", log_config=None)
    config.ws_per_message_deflate = False
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.create_server(("127.0.0.1", port)) as listening:
        if send_buffer:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        await server.startup(sockets=[listening])
        try:
            yield "{}:{}".format(*listening.getsockname())
        finally:
            await server.shutdown()
