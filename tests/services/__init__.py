"""The real services that tests run against: where they are, and, as a command, how they get there.

`python -m tests.services run -- CMD` finds or starts them and runs CMD with their URLs in the environment. A test asks
`url()`, which only looks and never starts anything. A database's URL names no database: a test makes one of its own.
"""

from __future__ import annotations

import os
from functools import cache

from tests.services.probe import OLDEST, SERVICES, ProbeError, Service, probe
from tests.services.server import kept

__all__ = ["SERVICES", "Service", "find", "required", "sentence", "url", "variable"]

STANDARD: dict[Service, str] = {
    "mysql": "mysql+asyncmy://root@127.0.0.1:3306/",
    "mariadb": "mysql+asyncmy://root@127.0.0.1:3306/",
    "rabbitmq": "amqp://guest:guest@127.0.0.1:5672/",
    "redis": "redis://127.0.0.1:6379/0",
}


def variable(service: Service) -> str:
    """The environment variable that holds a service's URL."""
    return f"TASKFLOW_TEST_{service.upper()}_URL"


def required() -> bool:
    """Whether a missing service is a failure (in CI) rather than a skip."""
    return os.environ.get("TASKFLOW_REQUIRE_SERVICES", "") not in ("", "0")


def url(name: Service) -> str | None:
    """Where the service answers now, or None. Looked up once in a process."""
    return find(name)[0]


@cache
def find(name: Service) -> tuple[str | None, str]:
    """The URL and what answers there; or None and why what was tried will not do.

    A URL from the environment is meant: when it does not answer, no other place is tried in its stead.
    """
    candidate = os.environ.get(variable(name)) or kept(name) or STANDARD[name]
    try:
        return candidate, str(probe(name, candidate))
    except ProbeError as error:
        return None, str(error)


def sentence(name: Service) -> str:
    """One line on a missing service: what is missing, why, and what brings it."""
    oldest = ".".join(map(str, OLDEST[name]))
    return (
        f"no {name} {oldest} or newer: {find(name)[1]}. `make test` starts one where it can; or set {variable(name)}."
    )
