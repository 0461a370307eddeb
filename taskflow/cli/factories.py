"""ASGI applications for a server that somebody else runs: `uvicorn --factory taskflow.cli.factories:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from taskflow.graph import app
from taskflow.graph.execution.tokens import load_tokens
from taskflow.graph.http.dashboard import Dashboard, built_dashboard
from taskflow.graph.http.problems import HANDLERS
from taskflow.graph.http.security import SafeHeaders, keep_local
from taskflow.graph.services import Services
from taskflow.infra.errors import StartError
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import load_settings, prepare


def create_app() -> Starlette:
    """The API and the dashboard, without a worker.

    Without tokens, and without API_INSECURE=1, it answers to clients of its own machine alone. Raises StartError.
    """
    settings = prepare()
    load_tokens(settings)

    @asynccontextmanager
    async def open_everything() -> AsyncIterator[Services]:
        async with open_resources(settings) as resources, app.open_services(resources) as services:
            yield services

    created = app.create_app(settings, open_everything)
    keep_local(created, settings)
    return created


def create_site() -> Starlette:
    """The dashboard alone, which finds the API by REACT_APP_API_BASE. Raises StartError where it is not built."""
    folder = built_dashboard()
    if folder is None:
        raise StartError("The dashboard is not built: run `make frontend`")
    dashboard = Dashboard(folder, load_settings())
    routes = [*dashboard.routes(), Route("/graphql", dashboard.only_ide, methods=["GET"])]
    handlers = HANDLERS | {404: dashboard.not_found}
    return Starlette(routes=routes, middleware=[Middleware(SafeHeaders)], exception_handlers=handlers)
