"""A server for the API: a socket, uvicorn, and an order in which to stop."""

import asyncio
import ipaddress
import os
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import structlog
import uvicorn
from starlette.applications import Starlette

from taskflow.graph.http.security import LocalNames
from taskflow.infra.errors import StartError

logger = structlog.get_logger("taskflow.api")

SHUTDOWN_SECONDS: Final = 5
FRAME_MAX: Final = 1 << 20
BACKLOG: Final = 2048
EXPOSED: Final = (
    "Without tokens the API listens on a loopback address alone, and {host} is none: set API_TOKENS or "
    "API_TOKENS_FILE, or API_INSECURE=1 where something else keeps strangers out"
)


@contextmanager
def listening(host: str, port: int, *, may_be_reached: bool = False) -> Iterator[socket.socket]:
    """Raises StartError when the address can't be had, and when others would reach it who must not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise StartError(f"Can't listen on {host}:{port}: {reason}. API_PORT or --port name another") from error
        if not (may_be_reached or _is_local(listener)):
            raise StartError(EXPOSED.format(host=host))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        os.register_at_fork(after_in_child=partial(_close_in_fork, weakref.ref(listener)))
        yield listener


def _close_in_fork(listener: "weakref.ref[socket.socket]") -> None:
    """A process that a handler forks must not keep the port, nor take connections that it does not serve."""
    open_one = listener()
    if open_one is not None and open_one.fileno() >= 0:
        os.close(open_one.fileno())


def _is_local(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def url_of(listener: socket.socket) -> str:
    """Where a client on this machine finds what listens there."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what is listened on, not chosen here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: Starlette,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    drain: Callable[[Starlette], Awaitable[None]],
    before_closing: asyncio.Task[None] | None = None,
) -> None:
    """Serve until `stop`; then wait for `before_closing`, so that its last news is still delivered, and `drain`.

    A listener on a loopback address answers to local names alone. Raises StartError.
    """
    server = uvicorn.Server(_config(LocalNames(app, app.state.allowed_origins) if _is_local(listener) else app))
    server.capture_signals = _leave_signals_alone  # type: ignore[method-assign]
    serving = asyncio.create_task(_run(server, listener))
    serving.add_done_callback(lambda _: stop.set())
    logger.info("serving", url=url_of(listener))
    await stop.wait()
    if before_closing:
        await asyncio.wait([before_closing])
    await _until_started(server, serving)
    if not serving.done():
        await drain(app)
        server.should_exit = True
    await serving
    if before_closing:
        await before_closing


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except SystemExit:  # uvicorn's way to say that the application did not start: it would skip every clean-up of ours
        raise StartError("The API did not start: the log above says why") from None


async def _until_started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    """Told to stop when it is halfway up, uvicorn would leave the services open."""
    while not (server.started or serving.done()):  # noqa: ASYNC110 - a flag is all that it has
        await asyncio.sleep(0.01)


def _config(app: Any) -> uvicorn.Config:
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
