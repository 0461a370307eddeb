"""What the schema shows of the figures over time."""

from datetime import datetime
from typing import Self

import strawberry

from taskflow.graph.figures import throughput as figures
from taskflow.graph.schema.scalars import explained_enum

field = strawberry.field

explained_enum(
    figures.Span,
    "Span",
    "How far back the figures reach.",
    {
        figures.Span.MINUTES_15: "15 minutes, in steps of 30 seconds.",
        figures.Span.HOUR_1: "An hour, in steps of a minute.",
        figures.Span.HOURS_6: "6 hours, in steps of 5 minutes.",
        figures.Span.HOURS_24: "A day, in steps of 20 minutes.",
    },
)


@strawberry.interface(description="Of the tasks that ended in some time.")
class Summary:
    done: int = field(description="How many of them are DONE.")
    failed: int = field(description="How many of them are FAILED: those that were retried since may still count.")
    cancelled: int = field(description="How many of them are CANCELLED.")
    p50_ms: int | None = field(description="Half of their last attempts took no longer; to two significant digits.")
    p95_ms: int | None = field(description="19 of 20 of their last attempts took no longer; to two significant digits.")


def _values(summary: figures.Summary) -> dict[str, int | None]:
    return {name: getattr(summary, name) for name in figures.Summary.__slots__}


@strawberry.type(description="Of the tasks that ended in one step of time.")
class HistoryStep(Summary):
    at: datetime = field(description="When the step begins.")


@strawberry.type(description="Of the tasks of one kind.")
class KindHistory(Summary):
    kind: str = field(description="The kind.")


@strawberry.type(description="What ended over some time, in whole steps; the last of them is under way.")
class History:
    since: datetime = field(description="When the first step begins.")
    until: datetime = field(description="When this was read.")
    step_seconds: int = field(description="How long a step is.")
    steps: list[HistoryStep] = field(description="Every step, also those in which nothing ended, oldest first.")
    kinds: list[KindHistory] = field(description="Every kind of which something ended, in order.")

    @classmethod
    def of(cls, history: figures.History) -> Self:
        return cls(
            since=history.since,
            until=history.until,
            step_seconds=int(history.step.total_seconds()),
            steps=[HistoryStep(at=at, **_values(summary)) for at, summary in history.steps],  # type: ignore[arg-type]
            kinds=[KindHistory(kind=kind, **_values(one)) for kind, one in history.kinds.items()],  # type: ignore[arg-type]
        )
