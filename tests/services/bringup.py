"""Every service, found or started: what answers already, else this machine's programs, else a Debian root's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests import services
from tests.services.debian import debian
from tests.services.machine import Machine, MissingError, say
from tests.services.recipes import new_server


class BringUp:
    """The services of one run. Leaving it stops those that it started, unless they are to be kept."""

    def __init__(self, *, owner: int) -> None:
        self._owner = owner
        self._stack = ExitStack()
        self._cancelled = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def keep(self) -> None:
        """Leave the started ones running."""
        self._stack.pop_all()

    def all(self) -> dict[services.Service, str]:
        """The URL of each service that can be had; a line says why another can't."""
        with ThreadPoolExecutor(len(services.SERVICES)) as pool:
            try:
                found = dict(zip(services.SERVICES, pool.map(self._one, services.SERVICES), strict=True))
            except BaseException:
                self._cancelled.set()
                raise
        return {name: url for name, url in found.items() if url}

    def _one(self, name: services.Service) -> str | None:
        url, what = services.find(name)
        if url:
            say(f"{name}: {what} is there, at {place(url)}")
            return url
        reasons = [what]
        places: list[Callable[[], Machine]] = [Machine, lambda: debian(name)]
        for machine in places:
            try:
                return self._start(name, machine())
            except MissingError as error:
                reasons.append(str(error))
            if self._cancelled.is_set():
                return None
        say(f"{name}: MISSING, its tests will not run: {'; '.join(reasons)}. Or set {services.variable(name)}")
        return None

    def _start(self, name: services.Service, machine: Machine) -> str:
        server = self._stack.enter_context(new_server(name, machine, owner=self._owner))
        try:
            found = server.start()
        except BaseException:
            server.close()
            raise
        say(f"{name}: {found} started from {machine}, at {place(server.url)}")
        return server.url


def place(url: str) -> str:
    """Host and port, without name and password."""
    address = urlsplit(url)
    return f"{address.hostname}:{address.port}"
