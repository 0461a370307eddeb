"""The trace that a caller is in: all that a client needs of it."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

Around = Callable[[Sequence[str]], AbstractContextManager[object]]
"""Surrounds work that is done at once for all who are in these traces, given as `traceparent`."""


def untraced(traceparents: Sequence[str]) -> AbstractContextManager[object]:
    """Around work of which no trace tells."""
    return nullcontext()


def current_traceparent() -> str | None:
    """The span that the caller is in, as `traceparent`; None where there is none.

    Who is in a span has imported OpenTelemetry: so it is looked for among the modules that are loaded, and a program
    without it pays for a look into a dictionary.
    """
    current = getattr(sys.modules.get("opentelemetry.trace"), "get_current_span", None)
    span = current().get_span_context() if current else None
    if span is None or not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
