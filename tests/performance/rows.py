"""Every row of the tables, and the goals that TaskFlow has set itself beside them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.performance import creates, drains, fanout, rest
from tests.performance.drains import Figures
from tests.performance.stage import Stage


@dataclass(frozen=True)
class Goal:
    """A bound of a median: itself, or how many times that of the row `of` it is."""

    figure: str
    bound: float
    of: str | None
    is_least: bool

    def __str__(self) -> str:
        sign = "≥" if self.is_least else "≤"
        return f"{self.figure} {sign} {self.bound:,g}" + (f" times {self.of}" if self.of else "")

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.is_least else value <= self.bound


def least(figure: str, bound: float, of: str | None = None) -> Goal:
    return Goal(figure, bound, of, is_least=True)


def most(figure: str, bound: float, of: str | None = None) -> Goal:
    return Goal(figure, bound, of, is_least=False)


@dataclass(frozen=True)
class Row:
    """One system doing one thing; `name` is `group.system`. A row without goals is a peer's, or for information."""

    name: str
    says: str
    measure: Callable[[Stage], Awaitable[Figures]]
    goals: tuple[Goal, ...] = ()

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


FASTER: Final = {"naive": 8.0, "celery-database": 12.0, "celery-redis": 3.0, "dramatiq": 1.5, "bare": 0.4}
PLAIN: Final = 0.6
"""What a handler in a thread may cost: the share of what is asked of one in the event loop."""


def faster_than_peers(share: float) -> tuple[Goal, ...]:
    return tuple(least("tasks/s", round(factor * share, 2), f"drain.{peer}") for peer, factor in FASTER.items())


ROWS: Final = (
    Row("drain.async", "TaskFlow, async def", partial(drains.ours, kind="trivial", full=30_000), faster_than_peers(1)),
    Row("drain.def", "TaskFlow, def", partial(drains.ours, kind="plain", full=20_000), faster_than_peers(PLAIN)),
    Row(
        "drain.10ms",
        "TaskFlow, 8 slots, sleeps 10 ms",
        partial(drains.ours, kind="sleeps", full=4_000),
        (least("tasks/s", 720),),
    ),
    Row("drain.naive", "FastAPI, a row, a message", drains.naive),
    Row("drain.celery-database", "Celery, results in the database", drains.celery_database),
    Row("drain.celery-redis", "Celery, results in Redis", drains.celery_redis),
    Row("drain.dramatiq", "Dramatiq, results in Redis", drains.dramatiq),
    Row("drain.bare", "aio-pika alone, no handler", drains.bare),
    Row("create.rest", "TaskFlow, REST", creates.rest, (least("tasks/s", 4, "create.naive"),)),
    Row("create.graphql", "TaskFlow, createTask", creates.graphql, (least("tasks/s", 2.5, "create.naive"),)),
    Row(
        "create.sets",
        "TaskFlow, createTasks of 100",
        creates.sets,
        (least("tasks/s", 12, "create.naive"), most("slowest ms", 500)),
    ),
    Row("create.naive", "FastAPI, a row, a message", creates.naive),
    Row("create.celery", "Celery, delay(), no HTTP", creates.celery),
    Row("create.dramatiq", "Dramatiq, send(), no HTTP", creates.dramatiq),
    Row(
        "latency.services",
        "TaskFlow, create to DONE",
        rest.latency,
        (most("p50 ms", 1, "latency.naive"), most("p99/p50", 4)),
    ),
    Row("latency.embedded", "TaskFlow, up, SQLite", rest.latency_embedded, (most("p50 ms", 8),)),
    Row("latency.naive", "FastAPI, a row, a message", rest.latency_naive),
    Row("fanout.same", "TaskFlow, 200 times one document", fanout.same, (least("frames/s", 0.6, "fanout.broadcast"),)),
    Row(
        "fanout.different",
        "TaskFlow, 200 documents",
        fanout.different,
        (least("frames/s", 0.1, "fanout.broadcast"),),
    ),
    Row("fanout.broadcast", "Starlette, 200 sockets", fanout.broadcast),
    Row("embedded.bulk", "TaskFlow, up, SQLite", rest.embedded_bulk, (least("tasks/s", 1_500),)),
    Row(
        "memory.services",
        "TaskFlow, API and worker",
        rest.memory_held,
        tuple(most(name, 100) for name in rest.HELD),
    ),
)
GROUPS: Final = tuple(dict.fromkeys(row.group for row in ROWS))
