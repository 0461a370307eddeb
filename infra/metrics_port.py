"""A port of a process's own for its metrics, served from threads: it answers while the event loop is blocked."""

import asyncio
import socketserver
import threading
import wsgiref.simple_server
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from prometheus_client import make_wsgi_app

from taskflow.infra.errors import StartError
from taskflow.infra.forking import close_in_forks
from taskflow.infra.metrics import Metrics

logger = structlog.get_logger("taskflow.metrics")

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - who asks for the port wants it scraped, from another machine as a rule
LONGEST_REQUEST: Final = 5.0
"""Seconds that a client may take to say what it wants."""


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without a question to DNS for this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or said nothing in time, is no news."""
        logger.debug("a scrape broke off", exc_info=True)


class _Handler(wsgiref.simple_server.WSGIRequestHandler):
    timeout = LONGEST_REQUEST

    def log_message(self, format: str, *arguments: Any) -> None:
        """A scrape is no news."""


@asynccontextmanager
async def open_metrics_port(metrics: Metrics, variable: str, ports: Sequence[int]) -> AsyncIterator[int | None]:
    """On the first of `ports` that is free, which is told; on none where none is given.

    Raises StartError, which names the variable that they come from, when all are taken.
    """
    if not ports:
        yield None
        return
    server = _listen(metrics, variable, ports)
    close_in_forks(server.socket)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    logger.info("serving metrics", port=server.server_port)
    try:
        yield server.server_port
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


def _listen(metrics: Metrics, variable: str, ports: Sequence[int]) -> _Server:
    reason = ""
    for port in ports:
        try:
            server = _Server((EVERYWHERE, port), _Handler)
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            server.set_app(make_wsgi_app(metrics.registry))
            return server
    raise StartError(f"{variable}: can't listen on port {' to '.join(map(str, {ports[0], ports[-1]}))}: {reason}")
