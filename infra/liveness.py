"""When each loop of a process last turned: what a health check asks."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

SILENT: Final = timedelta(seconds=30)


class Liveness:
    """A loop that was noted once is expected to be noted again, until it is forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns: dict[str, float] = {}

    def note(self, name: str) -> None:
        self._turns[name] = self._clock()

    def forget(self, *names: str) -> None:
        """These have ended as they should."""
        for name in names:
            self._turns.pop(name, None)

    def silent(self) -> list[str]:
        """The loops of which nothing was heard for 30 s."""
        since = self._clock() - SILENT.total_seconds()
        return sorted(name for name, at in self._turns.items() if at < since)
