"""A steady load: what comes, how often, and what becomes of it until it has ended."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.chaos.checker import CHILDREN
from tests.chaos.clients import Clients, open_clients
from tests.chaos.evidence import Accepted, Evidence
from tests.chaos.strangers import Strangers

RATE: Final = 12.0
"""Creates a second, while not too many are on their way."""
UNANSWERED: Final = 40
UNENDED: Final = 120
RETRY_EVERY: Final = 3
"""Of the tasks that end FAILED, and of those that end CANCELLED, one in so many is retried, the first included."""
KINDS: Final[dict[str, float]] = {
    "quick": 30,
    "long": 5,
    "lengthens": 6,
    "thread": 9,
    "blocks": 3,
    "overstays": 2,
    "forks": 3,
    "parent": 5,
    "snoozes": 5,
    "retries": 4,
    "stumbles": 6,
    "hostile": 3,
    "unrenderable": 3,
    "permanent": 2,
    "cancelled": 4,
    "kills": 0.6,
    "deadly": 0.4,
}
WAYS: Final[dict[str, float]] = {"scheduled": 4, "bulk": 2, "inserted": 1.5, "unpublished": 1.5}
"""Not one at a time, for now, over the API."""
COMING: Final = KINDS | WAYS
"""How often each comes, in a hundred."""
BULK: Final = ("quick", "thread", "stumbles", "retries", "permanent")


@dataclass
class Load:
    """`asking` is what is on its way; `ended` is told by a watcher."""

    clients: Clients
    strangers: Strangers
    chance: random.Random
    evidence: Evidence
    journal: Path
    names: Sequence[str] = ()
    """Only these come; all, where there are none."""
    watched: bool = False
    unended: set[str] = field(default_factory=set)
    asking: set[asyncio.Task[Any]] = field(default_factory=set)
    _until: float = 0.0
    _count: int = 0
    _ends: Counter[str] = field(default_factory=Counter)
    _had_ended: set[str] = field(default_factory=set)

    def ended(self, task: str, status: str) -> None:
        """May be told again."""
        self.unended.discard(task)
        if status == "DONE" or task in self._had_ended or time.monotonic() > self._until:
            return
        self._had_ended.add(task)
        if self._ends[status] % RETRY_EVERY == 0:
            self.start(self.retry(task))
        self._ends[status] += 1

    async def run(self, seconds: float) -> None:
        """Each comes once at first, then as often as it should."""
        self._until = time.monotonic() + seconds
        coming = {name: weight for name, weight in COMING.items() if name in (self.names or COMING)}
        first = self.chance.sample(sorted(coming), len(coming))
        while time.monotonic() < self._until:
            if len(self.asking) < UNANSWERED and len(self.unended) < UNENDED:
                name = first.pop() if first else self.chance.choices([*coming], [*coming.values()])[0]
                self.start(self._come(name))
            await asyncio.sleep(self.chance.expovariate(RATE))

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)

    async def _come(self, name: str) -> None:
        match name:
            case "scheduled":
                await self.create("quick", ahead=self.chance.uniform(1, 4))
            case "bulk":
                await self.create_many()
            case "inserted" | "unpublished":
                self.unended.add(await self.strangers.insert(publishes=name == "inserted"))
            case kind:
                await self.create(kind)

    async def create(self, kind: str, *, ahead: float | None = None) -> None:
        """To run at once, or `ahead` seconds from now by the database's clock."""
        watched, key, asked, due = self.watched, str(uuid.uuid4()), self._asked(kind), None
        if ahead is not None:
            due = time.monotonic() + ahead
            asked["runAt"] = datetime.fromtimestamp(self.evidence.epoch + due, UTC).isoformat().replace("+00:00", "Z")
        if task := await self.clients.create(asked, key):
            self._accept(task, Accepted(kind, time.monotonic(), watched, key, due))
            if kind == "cancelled":
                await asyncio.sleep(self.chance.uniform(0, 2))
                await self.clients.cancel(task)

    async def create_many(self) -> None:
        """Several at once, by a client who is careful, does not wait for the answer, or asks for what is invalid."""
        kinds = self.chance.choices(BULK, k=self.chance.randint(2, 6))
        inputs = [self._asked(kind) | {"idempotencyKey": str(uuid.uuid4())} for kind in kinds]
        keys = _keys(inputs)
        self.evidence.bulks[keys] = "either"
        match self.chance.choice(["careful", "careful", "impatient", "invalid"]):
            case "impatient":
                await self.clients.create_impatiently(inputs, within=self.chance.uniform(0.01, 0.2))
            case "invalid":
                self.evidence.bulks[keys] = "none"
                await self.clients.create_in_vain([*inputs, self._asked("quick") | {"title": " "}], "BAD_USER_INPUT")
            case "careful":
                ids = await self.clients.create_many(inputs)
                self.evidence.bulks[keys] = "all"
                for kind, key, task in zip(kinds, keys, ids or [], strict=True):
                    self._accept(task, Accepted(kind, time.monotonic(), watched=True, key=key))
                await self._repeat_one_in_another_way(inputs[-1])

    async def _repeat_one_in_another_way(self, known: dict[str, Any]) -> None:
        """Its key stands for another input: with it, nothing is created."""
        fresh = [self._asked("quick") | {"idempotencyKey": str(uuid.uuid4())} for _ in range(2)]
        self.evidence.bulks[_keys(fresh)] = "none"
        await self.clients.create_in_vain([*fresh, known | {"title": "Another"}], "CONFLICT")

    async def retry(self, task: str) -> None:
        """After it has ended, once."""
        await asyncio.sleep(self.chance.uniform(0, 4))
        self._tell_its_handler(task)
        self.unended.add(task)
        await self.clients.retry(task)

    def _tell_its_handler(self, task: str) -> None:
        """That nobody will cancel it again."""
        Path(f"{self.journal}.{task}.retried").touch()

    def _accept(self, task: str, accepted: Accepted) -> None:
        self.evidence.accepted[task] = accepted
        self.unended.add(task)

    def _asked(self, kind: str) -> dict[str, Any]:
        self._count += 1
        return {"title": f"{kind} {self._count}", "kind": kind, "payload": self._payload(kind)}

    def _payload(self, kind: str) -> dict[str, Any]:
        match kind:
            case "quick":
                return {"seconds": self.chance.choice([0.0, 0.0, 0.05, 0.3])}
            case "long":
                return {"seconds": self.chance.uniform(5, 8)}
            case "thread" | "blocks":
                return {"seconds": self.chance.uniform(0.1, 2.0)}
            case "parent":
                return {"children": CHILDREN}
            case "kills" | "deadly":
                return {"by": self.chance.choice(["SIGKILL", "exit"])}
        return {}


def _keys(inputs: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(one["idempotencyKey"] for one in inputs)


@asynccontextmanager
async def open_load(
    urls: list[str], strangers: Strangers, evidence: Evidence, journal: Path, names: Sequence[str]
) -> AsyncIterator[Load]:
    async with open_clients(urls, evidence) as clients:
        load = Load(clients, strangers, strangers.chance, evidence, journal, names)
        try:
            yield load
        finally:
            for task in load.asking:
                task.cancel()
