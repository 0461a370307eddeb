"""Whether messages came in their turn: one that was acknowledged too early, and died with its worker, comes only when
somebody has looked for what was lost. Imports nothing of the product.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from tests.chaos.evidence import Evidence, Span

LATE: Final = 4.0
"""Seconds within which a task that was published at its creation is claimed, unless all wait."""
AHEAD: Final = 2.0
"""Seconds by which others had their claim before it."""
NEIGHBOURS: Final = 1.0
"""Seconds between the creations of those that are compared."""
FEW: Final = 5
"""Neighbours tell nothing where there are fewer."""
MOST: Final = 0.75
"""The share of them that had their claim before it, and so shows that not all waited."""
BEFORE: Final = 2.0
"""Seconds after a fault until publishing works again."""
HARMLESS: Final = {
    *("kill-worker", "kill-every-worker", "kill-dispatcher", "deploy"),
    *("redis-restart", "redis-kill-clients", "redis-pause", "redis-flush"),
}
"""Faults that lose no message: whoever had taken one had not acknowledged it, and so it comes back at once."""


def no_message_is_lost_without_cause(evidence: Evidence) -> Iterator[str]:
    waits = sorted(_waits(evidence))
    begins = [began for began, _, _ in waits]
    for began, claimed, task in waits:
        if claimed - began <= LATE or _is_explained(evidence, began, claimed):
            continue
        near = waits[bisect_left(begins, began - NEIGHBOURS) : bisect_right(begins, began + NEIGHBOURS)]
        ahead = sum(other < claimed - AHEAD for _, other, _ in near)
        if ahead >= FEW and ahead >= MOST * len(near):
            waited = f"{task} waited {claimed - began:.1f} s for its claim"
            yield f"{waited}, and {ahead} of {len(near)} that were created about then had theirs long before"


def _waits(evidence: Evidence) -> Iterator[tuple[float, float, str]]:
    """From the creation to the first claim, of those that the API published at once."""
    for task, asked in evidence.accepted.items():
        first = evidence.histories[task][:2]
        if asked.due is None and asked.says is None and [one.status for one in first] == ["PENDING", "PROCESSING"]:
            yield first[0].at, first[1].at, task


def _is_explained(evidence: Evidence, began: float, claimed: float) -> bool:
    broken: list[Span] = [one for one in evidence.faults if one.why not in HARMLESS]
    broken += [one for some in evidence.stalls.values() for one in some]
    return any(one.began <= claimed and one.ended >= began - BEFORE for one in broken)
