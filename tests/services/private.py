"""A server of a test's own, for what nobody else may feel: it is stopped and started, or all that it says is heard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests import services
from tests.services.debian import built
from tests.services.machine import Machine, MissingError
from tests.services.recipes import new_server
from tests.services.server import Server


@contextmanager
def private(service: services.Service, *, any_version: bool = False) -> Iterator[Server | None]:
    """One of the very version that `services.url` leads to, or None where there are no programs for it."""
    for machine in (Machine(), built(service)):
        if machine and (server := _started(service, machine, any_version=any_version)):
            with server:
                yield server
            return
    yield None


def _started(service: services.Service, machine: Machine, *, any_version: bool) -> Server | None:
    _, meant = services.find(service)
    try:
        server = new_server(service, machine, owner=os.getpid())
    except MissingError:
        return None
    try:
        if str(server.start()) == meant or any_version:
            return server
    except MissingError:
        pass
    except BaseException:
        server.close()
        raise
    server.close()
    return None
