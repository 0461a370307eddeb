"""What spreads news: the promises every bus keeps, and the event that travels.

News is a hint: any of it may be lost, and `task_events` in the database is what repairs a watcher's picture.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol, Self

import orjson

from infra.errors import StartError
from infra.wire import dump_json, format_instant, parse_instant

STATUS_CHANNEL: Final = "task.status"
CANCEL_CHANNEL: Final = "task.cancel"


class BusUnavailable(StartError):
    """The bus could not be reached, or did not answer in time."""


class Gap(Enum):
    """Stands in a subscription where messages may be missing: the bus was away, or the reader was too slow."""

    GAP = "gap"


GAP: Final = Gap.GAP


class Change(Protocol):
    """What a StatusEvent is made from: one recorded change of one task."""

    @property
    def event_id(self) -> int: ...
    @property
    def task_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def message(self) -> str | None: ...
    @property
    def progress(self) -> float | None: ...
    @property
    def at(self) -> datetime: ...
    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """The JSON on `task.status`. Its documented keys keep their names and meaning; the others are additions."""

    event_id: int
    task_id: str
    status: str
    version: int
    attempt: int
    message: str | None
    progress: float | None
    updated_at: datetime
    title: str
    kind: str
    queue: str
    created_at: datetime

    @classmethod
    def of(cls, change: Change) -> Self:
        return cls(
            event_id=change.event_id,
            task_id=change.task_id,
            status=change.status,
            version=change.version,
            attempt=change.attempt,
            message=change.message,
            progress=change.progress,
            updated_at=change.at,
            title=change.title,
            kind=change.kind,
            queue=change.queue,
            created_at=change.created_at,
        )

    def encode(self) -> bytes:
        return dump_json(
            {
                "task_id": self.task_id,
                "status": self.status,
                "updated_at": format_instant(self.updated_at),
                "message": self.message,
                "event_id": str(self.event_id),
                "version": self.version,
                "attempt": self.attempt,
                "title": self.title,
                "kind": self.kind,
                "queue": self.queue,
                "progress": self.progress,
                "created_at": format_instant(self.created_at),
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Raises ValueError when `body` is not such an event."""
        try:
            values: dict[str, Any] = orjson.loads(body)
            return cls(
                event_id=int(values["event_id"]),
                task_id=values["task_id"],
                status=values["status"],
                version=values["version"],
                attempt=values["attempt"],
                message=values["message"],
                progress=values["progress"],
                updated_at=parse_instant(values["updated_at"]),
                title=values["title"],
                kind=values["kind"],
                queue=values["queue"],
                created_at=parse_instant(values["created_at"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a status event: {error!r}") from error


class Bus(Protocol):
    def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send, in order, without waiting. Never raises; what can't be sent soon is dropped and logged."""

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes | Gap]]:
        """Every message published from here on, with GAP where some may be missing. Reconnects for ever, never raises.

        On entering, the subscription stands, or a GAP comes when it does.
        """

    async def ping(self) -> None:
        """A round trip. Raises BusUnavailable."""
