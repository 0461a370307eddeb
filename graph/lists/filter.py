"""Which tasks a list or a watcher asks for, checked alike for GraphQL and REST."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.queries import Filter
from taskflow.infra.input import TITLE_MAX, InvalidInput, Problems

SEARCH_MAX: Final = TITLE_MAX
VALUES_MAX: Final = 100
"""Of one condition: each is a statement's parameter, or on MySQL a branch of its own."""


def to_filter(
    *,
    statuses: Iterable[TaskStatus] = (),
    kinds: Iterable[str] = (),
    queues: Iterable[str] = (),
    search: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> Filter:
    """Raises InvalidInput where a condition asks too much of the database."""
    problems = Problems()
    kept = {"kinds": tuple(dict.fromkeys(kinds)), "queues": tuple(dict.fromkeys(queues))}
    for name, values in kept.items():
        problems.check(name, len(values) <= VALUES_MAX, f"takes at most {VALUES_MAX} values")
    sought = (search or "").strip() or None
    problems.check("search", len(sought or "") <= SEARCH_MAX, f"takes at most {SEARCH_MAX} characters")
    if problems.found:
        raise InvalidInput(tuple(problems.found))
    return Filter(tuple(dict.fromkeys(statuses)), kept["kinds"], kept["queues"], sought, created_after, created_before)
