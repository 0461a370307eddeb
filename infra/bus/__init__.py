"""What spreads news: the promises every bus keeps.

News is a hint: any of it may be lost, and `task_events` in the database is what repairs a watcher's picture.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Final, Protocol

from taskflow.infra.errors import StartError

STATUS_CHANNEL: Final = "task.status"
CANCEL_CHANNEL: Final = "task.cancel"


class BusUnavailable(StartError):
    """The bus could not be reached, or did not answer in time."""


class Gap(Enum):
    """Comes in a subscription where messages may be missing: the bus was away, or the reader was too slow."""

    GAP = "gap"


GAP: Final = Gap.GAP


class Bus(Protocol):
    def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send, in order, without waiting. Never raises; what can't be sent soon is dropped and logged."""

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes | Gap]]:
        """Every message published from here on, with GAP where some may be missing. Reconnects for ever, never raises.

        On entering, it is subscribed, or a GAP comes once it is.
        """

    async def ping(self) -> None:
        """A round trip. Raises BusUnavailable."""

    async def check(self) -> None:
        """That this user may publish, and subscribe to both channels. Raises BusUnavailable with what the bus said."""
