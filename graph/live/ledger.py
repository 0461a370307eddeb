"""Which events were delivered while somebody watches, and which may be missing. No I/O, no clock of its own."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from taskflow.db.models import StatusEvent
from taskflow.db.transaction import LONGEST_OPEN
from taskflow.infra.events.news import is_news, is_progress

TASKS_KEPT: Final = 100_000
OLD_BEFORE: Final = timedelta(seconds=5)
"""How far apart the clocks of two machines may be before a task that is new looks old."""
UNKNOWN: Final = -1
"""The place of what was there before anybody watched: nobody saw in which order it came."""


class Delivered(NamedTuple):
    """A task's latest event that went out."""

    version: int
    event_id: int


class Mark(NamedTuple):
    """One comparison with the database: its newest id, when it was (monotonic seconds), how many had come by then."""

    event_id: int
    at: float
    position: int


class Ledger:
    """Begins with what was recorded before anybody watched: after the id `mark`, as far as it goes back.

    It remembers in which order events came for LONGEST_OPEN, the time for which an id may stay uncommitted: ids are
    given before the commit, so that a later one may come first.
    """

    def __init__(self, mark: int, *, since: datetime, at: float) -> None:
        self._since = since - OLD_BEFORE
        self._marks = deque([Mark(mark, at, 0)])
        self._places: dict[int, int] = {}
        self._found: set[int] = set()
        self._tasks: OrderedDict[str, Delivered] = OrderedDict()
        self.position = 0
        """How many events have come since it began."""

    @property
    def mark(self) -> int:
        """Whatever is recorded after this id is looked for."""
        return self._marks[0].event_id

    def note_before(self, event_id: int, task_id: str, version: int) -> None:
        """It was recorded before anybody watched, after all that was noted so far."""
        self._places[event_id] = UNKNOWN
        self._tasks[task_id] = Delivered(version, event_id)
        self._limit_tasks()

    def unseen(self, ids: Iterable[int]) -> list[int]:
        return [one for one in ids if one not in self._places]

    def since(self, position: int) -> list[int] | None:
        """What came after `position`, in that order; None when that is too long ago."""
        if position < self._marks[0].position:
            return None
        came = []
        for event_id, place in reversed(self._places.items()):
            if place <= position:
                break
            came.append(event_id)
        return came[::-1]

    def after(self, event_id: int) -> list[int] | None:
        """What somebody may lack who was told `event_id` last, by this process or by another; None when not known.

        The bus brings every process the same in the same order. What had to be found may have been found elsewhere
        later, and who replays gets events in the order of ids.
        """
        place = self._places.get(event_id, UNKNOWN)
        if place < self._marks[0].position:
            return None
        return [one for one, came in self._places.items() if came > place or one > event_id or one in self._found]

    def is_news(self, event: StatusEvent) -> bool:
        """Not delivered yet, and nothing newer of its task either."""
        last = self._tasks.get(event.task_id)
        if last is None:
            return event.event_id not in self._places or is_progress(event)
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

    def note(self, event: StatusEvent, *, is_found: bool) -> None:
        """It went out, or never will: something newer of its task did."""
        if event.event_id not in self._places:
            self.position += 1
            self._places[event.event_id] = self.position
            if is_found:
                self._found.add(event.event_id)
        last = self._tasks.get(event.task_id)
        if last is None or event.version >= last.version:
            self._tasks[event.task_id] = Delivered(event.version, event.event_id)
            self._tasks.move_to_end(event.task_id)
            self._limit_tasks()

    def _limit_tasks(self) -> None:
        if len(self._tasks) > TASKS_KEPT:
            self._tasks.popitem(last=False)

    def compared(self, newest: int, at: float) -> None:
        """Everything up to `newest` was compared; marks that are older than an id is looked for are let go."""
        self._marks.append(Mark(newest, at, self.position))
        while len(self._marks) > 1 and self._marks[1].at <= at - LONGEST_OPEN.total_seconds():
            self._marks.popleft()
        oldest = self._marks[0]
        self._places = {
            one: place for one, place in self._places.items() if one > oldest.event_id or place > oldest.position
        }
        self._found &= self._places.keys()
