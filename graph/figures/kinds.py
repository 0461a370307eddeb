"""What workers have said of kinds, as this process knows it: read twice a second, so that no answer waits for it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.errors import StoreUnavailable
from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS
from taskflow.db.models import Task
from taskflow.db.secrets import Path, masked
from taskflow.db.workers import Kind, known_kinds
from taskflow.infra.background import repeated

logger = logging.getLogger("taskflow.api")

LOOK_EVERY: Final = timedelta(seconds=0.5)


class Kinds:
    """A kind of which no worker has said anything has no secrets, and the default of attempts.

    Until the table was read once nothing is known, and no payload is shown: each method raises StoreUnavailable.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[str, Kind] | None = None

    def max_attempts(self, task: Task) -> int:
        """What it was created with, or what its kind says."""
        kind = self._get(task.kind)
        return task.max_attempts or (kind.max_attempts if kind else DEFAULT_MAX_ATTEMPTS)

    def payload(self, task: Task) -> dict[str, Any] | None:
        """As it may be shown: without its secrets."""
        shown: dict[str, Any] | None = masked(task.payload, self.secrets(task.kind))
        return shown

    def secrets(self, name: str) -> frozenset[Path]:
        kind = self._get(name)
        return kind.secrets if kind else frozenset()

    def every_secret(self) -> frozenset[Path]:
        """Of all kinds: where it can't be told which one a payload is of."""
        return frozenset().union(*(kind.secrets for kind in self._all().values()))

    def _get(self, name: str) -> Kind | None:
        return self._all().get(name)

    def _all(self) -> dict[str, Kind]:
        if self._known is None:
            raise StoreUnavailable
        return self._known

    async def look(self) -> None:
        """While the database is away, what was known holds."""
        try:
            self._known = {kind.name: kind for kind in await known_kinds(self._engine)}
        except (StoreUnavailable, sa.exc.DBAPIError) as error:
            logger.debug("what workers say of kinds can't be read: %s", error)


@asynccontextmanager
async def open_kinds(engine: AsyncEngine) -> AsyncIterator[Kinds]:
    """Known from the start, where the database answers."""
    kinds = Kinds(engine)
    async with repeated(kinds.look, every=LOOK_EVERY, name="kinds"):
        yield kinds
