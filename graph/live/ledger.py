"""Which events were delivered while somebody watches, and which may be missing. No I/O, no clock of its own."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from taskflow.db.models import StatusEvent
from taskflow.infra.events.news import is_news, is_progress

LOOKED_FOR: Final = timedelta(seconds=6)
"""How long an id may stay uncommitted: ids are given before the commit, so a later one may be seen first."""
TASKS_KEPT: Final = 100_000
OLD_BEFORE: Final = timedelta(seconds=5)
"""How far apart the clocks of two machines may be before a task that is new looks old."""


class Delivered(NamedTuple):
    """A task's latest event that went out."""

    version: int
    event_id: int


class Mark(NamedTuple):
    """The newest id of one comparison with the database, and when that was (seconds of the monotonic clock)."""

    event_id: int
    at: float


class Ledger:
    """Begins with the ids that were recorded before anybody watched: those after `mark`, as far as it goes back."""

    def __init__(self, mark: int, seen: Iterable[int], *, since: datetime, at: float) -> None:
        self._since = since - OLD_BEFORE
        self._marks = deque([Mark(mark, at)])
        self._seen = set(seen)
        self._tasks: OrderedDict[str, Delivered] = OrderedDict()

    @property
    def mark(self) -> int:
        """Whatever is recorded after this id is looked for."""
        return self._marks[0].event_id

    def unseen(self, ids: Iterable[int]) -> list[int]:
        return [one for one in ids if one not in self._seen]

    def is_news(self, event: StatusEvent) -> bool:
        """Not delivered yet, and nothing newer of its task either."""
        last = self._tasks.get(event.task_id)
        if last is None:
            return event.event_id not in self._seen or is_progress(event)
        return is_news(event, last.version)

    def missing_before(self, event: StatusEvent) -> Delivered | None:
        """After which version and id to look for what comes before this one; None when there can be nothing.

        The second change of an old task follows its creation alone, so that a backlog costs no look at each.
        """
        last = self._tasks.get(event.task_id)
        if last is not None:
            return last if event.version > last.version + 1 else None
        if event.version == 1 or (event.version == 2 and event.created_at < self._since):
            return None
        return Delivered(0, self.mark)

    def note(self, event: StatusEvent) -> None:
        """It went out, or never will: something newer of its task did."""
        self._seen.add(event.event_id)
        last = self._tasks.get(event.task_id)
        if last is None or event.version >= last.version:
            self._tasks[event.task_id] = Delivered(event.version, event.event_id)
            self._tasks.move_to_end(event.task_id)
            if len(self._tasks) > TASKS_KEPT:
                self._tasks.popitem(last=False)

    def compared(self, newest: int, at: float) -> None:
        """Everything up to `newest` was compared; marks that are older than an id is looked for are let go."""
        self._marks.append(Mark(newest, at))
        while len(self._marks) > 1 and self._marks[1].at <= at - LOOKED_FOR.total_seconds():
            self._marks.popleft()
        self._seen = {one for one in self._seen if one > self.mark}
