"""What a run leaves behind, as data: what was accepted, the tables, the journal, the queues, what watchers saw, and
which faults there were. All instants are seconds of the machine's monotonic clock, which all processes share.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """Of `tasks`."""

    id: str
    kind: str
    status: str
    version: int
    attempt: int
    is_due: bool
    is_claimed: bool
    result: Any
    error: dict[str, Any] | None
    key: str | None


@dataclass(frozen=True)
class Event:
    """Of `task_events`."""

    task: str
    version: int
    status: str
    attempt: int
    message: str | None
    error: dict[str, Any] | None
    worker: str | None
    at: float

    @property
    def pid(self) -> int | None:
        """Of the worker: it is called HOST-PID-RANDOM."""
        return int(self.worker.split("-")[-2]) if self.worker else None


@dataclass(frozen=True)
class Run:
    """A handler's, from the journal; `ended` is None when its end was not noted."""

    task: str
    attempt: int
    pid: int
    began: float
    ended: float | None


@dataclass(eq=False)
class Life:
    """Of a process, from its start to its end, and how that came: killed, stopped, by itself, did not start, did not
    stop. One that has not said that it works yet may be ended by the signal itself.
    """

    member: str
    pid: int
    began: float
    ended: float | None = None
    how: str = ""
    told_to_stop: float | None = None
    code: int | None = None
    is_up: bool = True


@dataclass(frozen=True)
class Death:
    """That a handler announced of its own process, with the code that this is to end with."""

    task: str
    attempt: int
    pid: int
    at: float
    code: int


@dataclass(frozen=True)
class Span:
    """During which something may explain what is otherwise a violation, and why."""

    began: float
    ended: float
    why: str

    def covers(self, at: float, slack: float) -> bool:
        return self.began - slack <= at <= self.ended + slack


@dataclass(frozen=True)
class Accepted:
    kind: str
    at: float
    watched: bool
    """Whether every watcher heard already when it was asked for."""
    key: str | None = None
    due: float | None = None
    """The date before which it must not start."""
    says: str | None = None
    """The message that it must end with."""


@dataclass
class Retry:
    """What a careful client, the only one for its task, came to: it asks again until it has an answer."""

    asks: int = 0
    version: int | None = None
    """Of the row, as the answer has it; None without one, and after a conflict."""
    is_conflict: bool = False


@dataclass
class Evidence:
    lease: float
    epoch: float = 0.0
    """What the database's clock said, in seconds since 1970, when the monotonic one was at zero."""
    accepted: dict[str, Accepted] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Answers that nobody may get."""
    unanswered: int = 0
    """Careful clients who had no answer in the end."""
    bulks: dict[tuple[str, ...], str] = field(default_factory=dict)
    """By the keys of tasks that were asked for at once: whether `all` of them must be there, `none`, or `either`."""
    retries: dict[str, Retry] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    """What our processes logged as errors: none of it has to do with a service that is away."""
    lives: dict[int, Life] = field(default_factory=dict)
    stalls: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    """When a process did not run, or could not reach the database, by its number."""
    clocks: list[Span] = field(default_factory=list)
    """When clocks differed."""
    outages: list[Span] = field(default_factory=list)
    """Of the database."""
    locked: set[str] = field(default_factory=set)
    """Tasks whose row the driver held a lock on for longer than a lease."""
    faults: list[Span] = field(default_factory=list)
    """All of the schedule, as they came."""
    emptied: list[float] = field(default_factory=list)
    """When the queue was purged or deleted."""
    poison: dict[bytes, float] = field(default_factory=dict)
    """Messages that the broker confirmed, and when."""
    tried_poison: set[bytes] = field(default_factory=set)
    rows: dict[str, Row] = field(default_factory=dict)
    histories: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    runs: list[Run] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    dead: list[tuple[str | None, bytes]] = field(default_factory=list)
    """What `task.dead` holds: (message id, body)."""
    waiting: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of each other queue: messages that are ready, and unacknowledged."""
    seen: dict[str, dict[str, dict[int, str]]] = field(default_factory=dict)
    """By watcher with resume, by task: the status of each version."""
    disorder: list[Any] = field(default_factory=list)
    feeds: list[list[tuple[str, int, str]]] = field(default_factory=list)
    """Of each connection to `/ws`, in the order of receipt: (task, version, status)."""
