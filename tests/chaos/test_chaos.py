"""A short run, with the same faults each time. `make chaos` has the long ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import pytest

from tests import services
from tests.chaos.__main__ import verdict
from tests.chaos.run import chaos
from tests.chaos.servers import Database, Missing, open_servers

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]

SEED: Final = 8
SECONDS: Final = 24.0
BRIEF: Final = (
    "kill-api",
    "kill-worker",
    "stop-api",
    "freeze-worker",
    "queue-purge",
    "queue-delete",
    "queue-unbind",
    "broker-close",
    "redis-kill-clients",
    "redis-flush",
    "database-kill-connections",
    "database-deadlocks",
    "network-cut",
)


async def test_what_must_hold_holds_under_faults(tmp_path: Path) -> None:
    """On servers of its own: none of the others' may be restarted or emptied."""
    databases: list[Database] = [name for name in get_args(Database) if services.url(name)]
    if not databases:
        (pytest.fail if services.required() else pytest.skip)(services.sentence("mariadb"))
    try:
        with open_servers(databases[0]) as servers:
            report = await chaos(servers, tmp_path, seed=SEED, seconds=SECONDS, names=BRIEF)
    except Missing as error:
        pytest.skip(str(error))
    print(verdict(report))
    assert not report.violations, verdict(report)
    assert report.tasks > SECONDS
    assert report.deaths
    assert report.retried
