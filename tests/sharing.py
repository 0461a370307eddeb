"""How the tests are shared between processes: by file, and what starts clusters in one of them, from the start.

Two clusters at a time would measure each other. pytest-xdist has a mark for that, `xdist_group`, which pytest 9.2 made
void (pytest-xdist issue 1386); so a name of pytest-xdist that is private, `_split_scope`, is overridden here alone.
Tried with pytest-xdist 3.8; tests/unit/test_sharing.py notices its end.
"""

from __future__ import annotations

from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

CLUSTERS: Final = ("tests/integration/", "tests/chaos/test_chaos.py")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """A work unit is a file, or all that starts clusters."""

    def _split_scope(self, nodeid: str) -> str:
        return CLUSTERS[0] if nodeid.startswith(CLUSTERS) else nodeid.partition("::")[0]


def longest_first(items: list[pytest.Item]) -> None:
    """The clusters before all others, which keep their order: what is long must not be left for the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(CLUSTERS))
