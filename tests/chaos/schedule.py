"""Which fault comes when, from a seed alone. Pure: the same seed gives the same schedule everywhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LONGER_THAN_A_LEASE: Final = (5.5, 8.0)
BRIEF: Final = (0.2, 3.0)

FAULTS: Final[dict[str, tuple[float, float]]] = {
    "kill-api": BRIEF,
    "kill-worker": BRIEF,
    "kill-dispatcher": BRIEF,
    "kill-every-worker": BRIEF,
    "stop-api": BRIEF,
    "freeze-api": LONGER_THAN_A_LEASE,
    "freeze-worker": LONGER_THAN_A_LEASE,
    "freeze-dispatcher": LONGER_THAN_A_LEASE,
    "deploy": BRIEF,
    "broker-stop-app": BRIEF,
    "broker-kill": BRIEF,
    "queue-purge": BRIEF,
    "queue-delete": BRIEF,
    "queue-unbind": BRIEF,
    "broker-close": BRIEF,
    "broker-alarm": LONGER_THAN_A_LEASE,
    "redis-restart": BRIEF,
    "redis-kill-clients": BRIEF,
    "redis-pause": LONGER_THAN_A_LEASE,
    "redis-flush": BRIEF,
    "database-kill-connections": BRIEF,
    "database-restart": BRIEF,
    "database-away": LONGER_THAN_A_LEASE,
    "database-away-worker-stops": LONGER_THAN_A_LEASE,
    "database-hangs": LONGER_THAN_A_LEASE,
    "database-locks": (5.5, 7.0),
    "database-deadlocks": BRIEF,
    "database-read-only": LONGER_THAN_A_LEASE,
    "clock-ahead": LONGER_THAN_A_LEASE,
    "clock-behind": LONGER_THAN_A_LEASE,
    "network-slow": LONGER_THAN_A_LEASE,
    "network-cut": BRIEF,
    "network-silent": LONGER_THAN_A_LEASE,
}
"""Each with the seconds that it lasts, at least and at most."""
FIRST: Final = 2.0
PAUSES: Final = (-3.0, 2.5)
"""Between the end of one fault and the next; less than none is an overlap."""


@dataclass(frozen=True)
class Fault:
    name: str
    at: float
    lasts: float
    seed: int
    """For what the fault itself chooses."""

    def __str__(self) -> str:
        return f"{self.at:5.1f} s  {self.name} for {self.lasts:.1f} s"


def schedule(seed: int, seconds: float, names: Sequence[str] = ()) -> list[Fault]:
    """Faults from these, in an order that brings each before any comes again, until `seconds` are over."""
    chance = random.Random(f"faults {seed}")
    faults: list[Fault] = []
    waiting: list[str] = []
    at = FIRST + chance.random()
    while True:
        if not waiting:
            waiting = chance.sample(sorted(names or FAULTS), len(names or FAULTS))
        name = waiting.pop()
        lasts = chance.uniform(*FAULTS[name])
        if at + lasts > seconds:
            return faults
        faults.append(Fault(name, at, lasts, chance.getrandbits(32)))
        at = max(at + 0.1, at + lasts + chance.uniform(*PAUSES))
