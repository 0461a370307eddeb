"""What hands tasks to workers: the promises every broker keeps, and the message that travels.

A broker is a hint, never the truth: it may lose or repeat any message, and the database repairs it. What it must not do
is lie: a publish reported as confirmed has reached a queue.
"""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

from taskflow.infra.errors import StartError
from taskflow.infra.wire import dump_json, format_instant

LONGEST_ID: Final = 36


class BrokerUnavailable(StartError):
    """The broker could not be reached, refused us, or did not answer in time."""


class TopologyConflict(StartError):
    """A queue or an exchange that is there can't be used; the sentence says which, why, and what to do."""


class Dispatchable(Protocol):
    """What a TaskMessage is made from: a task's row."""

    @property
    def id(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any] | None: ...
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """The documented body `{"task_id", "payload", "requested_at"}`, and the queue that it goes to."""

    task_id: str
    queue: str
    payload: dict[str, Any] | None
    requested_at: datetime

    @classmethod
    def of(cls, task: Dispatchable) -> Self:
        return cls(task.id, task.queue, task.payload, task.created_at)

    def encode(self) -> bytes:
        requested_at = format_instant(self.requested_at)
        return dump_json({"task_id": self.task_id, "payload": self.payload, "requested_at": requested_at})


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """A body that was somebody else's, to be sent as it came."""

    body: bytes
    queue: str
    task_id: str = ""

    def encode(self) -> bytes:
        return self.body


Message = TaskMessage | ForeignMessage


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody will run: its body as it came, and why (header `x-taskflow-reason`)."""

    body: bytes
    reason: str
    task_id: str | None = None


def task_named(body: bytes) -> str | None:
    """The id of the task that a documented body names, None when it is not that."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    task_id = message.get("task_id") if isinstance(message, dict) else None
    sound = isinstance(task_id, str) and 0 < len(task_id) <= LONGEST_ID and task_id.isprintable() and task_id.isascii()
    return task_id if sound else None


class Delivery(Protocol):
    """A message in hand. What is not acknowledged comes back to some consumer once this one has closed."""

    @property
    def body(self) -> bytes: ...
    @property
    def queue(self) -> str:
        """Which of its consumer's queues brought it."""

    @property
    def is_redelivered(self) -> bool:
        """Whether it was handed out before, to a consumer that did not acknowledge it."""

    async def ack(self) -> None:
        """Done with it. Never raises: a broker that did not hear it delivers again, and the row tells a duplicate."""


class Consumer(Protocol):
    """Deliveries from all its queues, to each its turn. The broker has sent some of them before they are iterated.

    Outlives any failure of the broker; ends after `stop`, or when its context is left.
    """

    def __aiter__(self) -> AsyncIterator[Delivery]: ...

    @property
    def is_well(self) -> bool:
        """Whether it would hear of a message: not for as long as the broker is away, or deaf to it."""

    async def want(self, prefetch: int, *, without: Collection[str] = ()) -> None:
        """From now on so many may be unacknowledged, of each queue with some brokers; what was not iterated and is
        beyond that goes back. With 0 nothing comes. The same for the queues in `without`, while the others go on.
        Never raises.
        """

    async def stop(self) -> None:
        """Take no more: iteration ends, deliveries in hand can still be acknowledged. Never raises."""


class Broker(Protocol):
    @property
    def generation(self) -> int:
        """Goes up whenever the broker was away or a queue had to be made anew: messages may have been lost."""

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        """Which of them a queue has taken, confirmed, in the order given. Never raises for an absent broker: all False.

        Makes the queue of a message when it is not there. Bounded: answers within a few seconds.
        """

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Like `publish`, to the exchange `task.dead`."""

    def consume(self, queues: Sequence[str], *, prefetch: int) -> AbstractAsyncContextManager[Consumer]:
        """A consumer of those queues (made when they are not there). On leaving, what is unacknowledged goes back.

        A broker that is away when it starts is waited for in the background. Raises TopologyConflict.
        """

    async def depth(self, queue: str) -> int:
        """Messages ready and waiting in that queue; 0 when there is no such queue. Raises BrokerUnavailable."""

    async def ping(self) -> None:
        """A round trip. Raises BrokerUnavailable."""
