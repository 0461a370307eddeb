"""What a process tells Prometheus of itself: every metric that there is. Resources hold one registry each.

A label has few values: kinds and queues that nobody of ours knows share one, and no label is an id.
"""

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

OTHER: Final = "other"
NAMES_MAX: Final = 200

DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "taskflow_database_up": ("1 when the database gave the figures of this scrape in time, else 0.", ()),
    "taskflow_queue_depth": ("Tasks of a queue that are due and that no worker has taken.", ("queue",)),
    "taskflow_queue_oldest_due_seconds": (
        "How long the oldest due task of a queue has waited; 0 without one.",
        ("queue",),
    ),
    "taskflow_outbox_backlog": ("Rows that are due and that the broker has not been handed.", ()),
    "taskflow_outbox_oldest_due_seconds": ("For how long the oldest of the outbox has been due; 0 without one.", ()),
    "taskflow_dead_letters": ("Messages that nobody could run, and that nobody has replayed or discarded.", ()),
    "taskflow_table_rows": ("Rows of a table, as the database estimates them; SQLite tells none.", ("table",)),
    "taskflow_table_bytes": ("Size of a table with its indexes; of SQLite's whole file.", ("table",)),
    "taskflow_subscription_lag_seconds": ("Age of the oldest news that a subscriber has still to read.", ()),
    "taskflow_slots": (
        "Places for handlers of a group of queues, by what they are: free, busy or stuck.",
        ("queues", "state"),
    ),
    "taskflow_stuck_threads": ("Handlers that go on after their attempt has ended.", ()),
    "taskflow_consumer_deaf": ("1 while this worker would not hear of a message in a queue, else 0.", ("queue",)),
    "taskflow_database_connections": ("Connections of the pool, by state: in_use or idle.", ("state",)),
    "taskflow_database_connections_max": ("The most connections that the pool opens.", ()),
}
"""Those that are read when they are asked for: help, and the names of the labels."""

Values = Mapping[tuple[str, ...], float]
Reader = Callable[[], Iterable[tuple[str, Values]]]
"""Gives names of GAUGES with their values by labels; what it leaves out is not shown. Called in any thread."""
M = TypeVar("M", bound=MetricWrapperBase)


class Names:
    """Which values a label may have: those that were made known, as far as there is room. Any other is OTHER."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def know(self, names: Iterable[str]) -> None:
        for name in names:
            if len(self._known) < NAMES_MAX:
                self._known.add(name)

    def label(self, name: str) -> str:
        return name if name in self._known else OTHER


class Children(dict[tuple[str, ...], M], Generic[M]):
    """A metric's children by the values of their labels, each looked up once."""

    def __init__(self, metric: M) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, key: tuple[str, ...]) -> M:
        child = self[key] = self._metric.labels(*key)
        return child


class Registry(CollectorRegistry):
    """Without the series that say when each other series began: they would be a third of all."""

    def collect(self) -> Iterator[Metric]:
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class Metrics:
    """What is counted as it happens. Safe from any thread."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.kinds = Names()
        self.queues = Names()
        ProcessCollector(registry=self.registry)
        self._created = Children(self._counter("tasks_created_total", "Tasks that this process created.", "kind"))
        self._ended = Children(
            self._counter("tasks_ended_total", "Tasks that this process saw to their end.", "kind", "status")
        )
        self._attempts = Children(self._counter("attempts_total", "Attempts that are over.", "kind", "outcome"))
        self._durations = Children(self._histogram("attempt_duration_seconds", "How long handlers ran.", "kind"))
        self._waits = Children(self._histogram("queue_wait_seconds", "From due to the handler's start.", "queue"))
        self._heartbeats = Children(
            self._counter("heartbeats_total", "Rounds in which leases are extended.", "outcome")
        )
        self._batches = Children(
            self._histogram("batch_size", "Tasks or attempts that one transaction stored.", "batch", buckets=SIZES)
        )
        self._deleted = Children(
            self._counter("retention_deleted_total", "Ended tasks, by status, and dead letters that grew old.", "what")
        )
        self._deleting = self._counter("retention_seconds_total", "Time that deleting them took.")
        self.leases_recovered = self._counter("leases_recovered_total", "Attempts that were found without a worker.")
        self.rows_set_aside = self._counter("rows_set_aside_total", "Rows that can't be read, and are FAILED for it.")
        self.blocked = self._counter("event_loop_blocked_seconds_total", "Time for which handlers blocked the loop.")
        self.event_delay = self._histogram("event_delay_seconds", "From a change to where subscribers get it.")
        self.lagged = self._counter("subscriptions_lagged_total", "Subscriptions that were ended as LAGGED.")
        self.subscribers = Gauge(
            "taskflow_subscribers", "Subscriptions to changes, by any door.", registry=self.registry
        )

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"taskflow_{name}", help_, labels, registry=self.registry)

    def _histogram(self, name: str, help_: str, *labels: str, buckets: Sequence[float] = DURATIONS) -> Histogram:
        return Histogram(f"taskflow_{name}", help_, labels, registry=self.registry, buckets=buckets)

    def created(self, kinds: Iterable[str]) -> None:
        """The kind of each task that is committed."""
        for kind, count in collections.Counter(kinds).items():
            self._created[self.kinds.label(kind),].inc(count)

    def waited(self, queue: str, seconds: float) -> None:
        self._waits[self.queues.label(queue),].observe(seconds)

    def ran(self, kind: str, seconds: float) -> None:
        self._durations[self.kinds.label(kind),].observe(seconds)

    def expect_attempts(self, kind: str, outcomes: Iterable[str]) -> None:
        """Shown as 0 until there are some."""
        for outcome in outcomes:
            self._attempts[self.kinds.label(kind), outcome].inc(0)

    def attempt_over(self, kind: str, outcome: str) -> None:
        self._attempts[self.kinds.label(kind), outcome].inc()

    def ended(self, kind: str, status: str) -> None:
        self._ended[self.kinds.label(kind), status].inc()

    def heartbeat(self, outcome: str) -> None:
        """`done` or `failed`."""
        self._heartbeats[outcome,].inc()

    def deleted(self, what: str, count: int, seconds: float) -> None:
        """A set that retention deleted: of tasks with that status, or of `dead_letter`."""
        self._deleted[what,].inc(count)
        self._deleting.inc(seconds)

    def stored(self, batch: str) -> Callable[[float], None]:
        """What takes the sizes of the batches of that name."""
        return self._batches[batch,].observe

    @contextmanager
    def showing(self, read: Reader) -> Iterator[None]:
        """Ask `read` at each scrape while the body runs."""
        gauges = _Gauges(read)
        self.registry.register(gauges)
        try:
            yield
        finally:
            self.registry.unregister(gauges)


class _Gauges(Collector):
    def __init__(self, read: Reader) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        for name, values in self._read():
            help_, labels = GAUGES[name]
            family = GaugeMetricFamily(name, help_, labels=labels)
            for key, value in values.items():
                family.add_metric(key, value)
            yield family
