"""Whether a watcher lacks an event: one answer for the hub, each subscription and every client. Pure."""

from typing import Protocol


class Event(Protocol):
    """What of an event the answer depends on."""

    @property
    def version(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def progress(self) -> float | None: ...
    @property
    def message(self) -> str | None: ...


def is_news(event: Event, version: int, said: tuple[float | None, str | None] | None = None) -> bool:
    """Whether who has `version` of the task, and its progress and message as `said`, lacks `event`.

    A change comes under a version of its own; the progress of a running attempt under the version of its start. Who
    does not remember what was `said` is told all progress.
    """
    if event.version != version:
        return event.version > version
    return is_progress(event) and (event.progress, event.message) != said


def is_progress(event: Event) -> bool:
    """Progress or a note of a running attempt, which is not recorded as a change."""
    return event.status == "PROCESSING" and (event.progress is not None or event.message is not None)
