"""Traces: the one that a task belongs to, and the spans of what is done for it, where OTEL_* asks for them.

Imports no OpenTelemetry: recorded.py does, once it is wanted. A span has names, ids and kinds; never a payload, a
result, the text of an error, a document or its variables.
"""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from taskflow.infra.broker.topology import Topology
from taskflow.infra.errors import StartError
from taskflow.infra.tracing.current import Around, untraced
from taskflow.infra.tracing.variables import asked_for

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from taskflow.db.models import Task

Attributes = Mapping[str, str | int]


class Span:
    """What goes on, as far as a trace shows it. This one shows nothing."""

    def tell(self, attributes: Attributes) -> None:
        """More of what is known of it."""

    def fail(self, error: str) -> None:
        """It failed with an error of that type."""


SILENT: Final = Span()


class Tracing:
    """Where no traces are asked for: costs next to nothing. Whoever is in a span has `current_traceparent()`."""

    def request(self, name: str, traceparent: str | None, attributes: Attributes) -> AbstractContextManager[Span]:
        """A call of the API, in the trace that came with it or, mounted, in that of its host."""
        return nullcontext(SILENT)

    def publishing(self, tasks: "Sequence[Task]") -> AbstractContextManager[Sequence[Span]]:
        """A span for each task while its message is handed to the broker."""
        return nullcontext([SILENT] * len(tasks))

    def processing(self, task: "Task") -> AbstractContextManager[Span]:
        """One attempt, from its slot to its recorded outcome: the handler runs inside of it."""
        return nullcontext(SILENT)

    def sharing(self, name: str, attributes: Attributes) -> Around:
        """For work that callers share: a span in the trace of one of them, with links to the others."""
        return untraced

    def watch(self, engine: "AsyncEngine") -> None:
        """A span for each statement that is sent inside of another span."""


OFF: Final = Tracing()


@asynccontextmanager
async def open_tracing(topology: Topology, *, in_memory_broker: bool) -> AsyncIterator[Tracing]:
    """As OTEL_* says. Raises StartError, which says what to install, when that is missing."""
    if not asked_for(os.environ):
        yield OFF
        return
    try:
        from taskflow.infra.tracing.recorded import Recorded, open_provider
    except ModuleNotFoundError as error:
        raise StartError(
            "OTEL_* asks for traces, and OpenTelemetry is not installed: pip install 'taskflow-server[otel]'"
        ) from error
    async with open_provider() as provider:
        yield Recorded(provider, topology, "memory" if in_memory_broker else "rabbitmq")
