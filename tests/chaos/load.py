"""A steady load over both doors: careful clients who ask again, with the same key, until they have an answer."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiormq
import httpx

from tests.chaos.checker import CHILDREN
from tests.chaos.evidence import Accepted, Evidence
from tests.integration.api import CREATE

RATE: Final = 12.0
"""Tasks a second, while not too many are on their way."""
UNANSWERED: Final = 40
UNENDED: Final = 120
POISON_EVERY: Final = 1.5
PATIENCE: Final = 6.0
CANCEL: Final = "mutation ($id: ID!) { cancelTask(id: $id) { id status } }"
KINDS: Final[dict[str, int]] = {
    "quick": 44,
    "long": 5,
    "thread": 9,
    "blocks": 3,
    "overstays": 2,
    "forks": 3,
    "parent": 6,
    "snoozes": 5,
    "retries": 4,
    "stumbles": 7,
    "hostile": 3,
    "unrenderable": 3,
    "permanent": 2,
    "cancelled": 4,
}
"""How often each comes, in a hundred."""


class Unavailable(Exception):
    """The API has said so: ask again."""


@dataclass
class Load:
    """`asked` counts what is on its way; `ended` is told by a watcher."""

    urls: list[str]
    chance: random.Random
    evidence: Evidence
    http: httpx.AsyncClient
    kinds: dict[str, int] = field(default_factory=lambda: dict(KINDS))
    watched: bool = False
    unended: set[str] = field(default_factory=set)
    asking: set[asyncio.Task[Any]] = field(default_factory=set)
    _count: int = 0

    def ended(self, task: str) -> None:
        self.unended.discard(task)

    async def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if len(self.asking) < UNANSWERED and len(self.unended) < UNENDED:
                self.start(self.create(self._any_kind()))
            await asyncio.sleep(self.chance.expovariate(RATE))

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)

    def _any_kind(self) -> str:
        return self.chance.choices(list(self.kinds), list(self.kinds.values()))[0]

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
        return {}

    async def create(self, kind: str) -> str | None:
        """Its id once it is accepted; None when it was refused, which is a violation."""
        self._count += 1
        number, watched, payload = self._count, self.watched, self._payload(kind)
        asked = {"title": f"{kind} {number}", "kind": kind, "payload": payload}
        door = self._rest if number % 2 else self._graphql
        key = str(uuid.uuid4())
        for turn in range(number // 2, 1_000_000):
            try:
                task = await door(self.urls[turn % len(self.urls)], asked, key)
                break
            except (httpx.TransportError, Unavailable):
                await asyncio.sleep(0.2)
        if task:
            self.evidence.accepted[task] = Accepted(kind, time.monotonic(), watched)
            self.unended.add(task)
            if kind == "cancelled":
                await asyncio.sleep(self.chance.uniform(0, 2))
                await self.cancel(task)
        return task

    async def _rest(self, url: str, asked: dict[str, Any], key: str) -> str | None:
        response = await self.http.post(f"{url}/tasks", json=asked, headers={"Idempotency-Key": key})
        if response.status_code in (200, 201):
            return str(response.json()["task_id"])
        self._refuse(response, unavailable=response.status_code == 503)
        return None

    async def _graphql(self, url: str, asked: dict[str, Any], key: str) -> str | None:
        variables = {"input": asked | {"idempotencyKey": key}}
        response = await self.http.post(f"{url}/graphql", json={"query": CREATE, "variables": variables})
        body = response.json()
        if response.status_code == 200 and "errors" not in body:
            return str(body["data"]["createTask"]["task"]["id"])
        self._refuse(response, unavailable=_code(body) == "SERVICE_UNAVAILABLE" or response.status_code == 503)
        return None

    def _refuse(self, response: httpx.Response, *, unavailable: bool) -> None:
        """Raises Unavailable."""
        if unavailable:
            raise Unavailable
        self.evidence.refused.append(f"{response.status_code} {response.text[:300]}")

    async def cancel(self, task: str) -> None:
        """Until somebody has said yes, or that it has ended."""
        for turn in range(1_000_000):
            url = self.urls[turn % len(self.urls)]
            with suppress(httpx.TransportError):
                asked = {"query": CANCEL, "variables": {"id": task}}
                body = (await self.http.post(f"{url}/graphql", json=asked)).json()
                if "errors" not in body or _code(body) == "CONFLICT":
                    return
                if _code(body) != "SERVICE_UNAVAILABLE":
                    self.evidence.refused.append(f"cancelTask: {body}")
                    return
            await asyncio.sleep(0.2)

    async def poison(self, broker: str) -> None:
        """Messages that nobody can run, from time to time; only what the broker confirmed has to be accounted for."""
        for number in range(1_000_000):
            await asyncio.sleep(POISON_EVERY)
            body = _poison(number, self.chance)
            self.evidence.tried_poison.add(body)
            with suppress(aiormq.exceptions.AMQPError, OSError, asyncio.TimeoutError):
                async with asyncio.timeout(PATIENCE), aiormq.connect(broker) as connection:
                    channel = await connection.channel()
                    properties = aiormq.spec.Basic.Properties(delivery_mode=2, content_type="application/json")
                    answer = await channel.basic_publish(
                        body, exchange="task.topic", routing_key="task.created", mandatory=True, properties=properties
                    )
                    if isinstance(answer, aiormq.spec.Basic.Ack):
                        self.evidence.poison[body] = time.monotonic()


def _code(body: dict[str, Any]) -> str | None:
    errors = body.get("errors") or [{}]
    return (errors[0].get("extensions") or {}).get("code")


def _poison(number: int, chance: random.Random) -> bytes:
    unknown = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    match number % 4:
        case 0:
            return b"\xff\xfe not JSON %d" % number
        case 1:
            return json.dumps(["no object", number]).encode()
        case 2:
            return json.dumps({"payload": {"number": number}, "requested_at": "2026-01-01T00:00:00Z"}).encode()
    return json.dumps({"task_id": unknown, "payload": None, "requested_at": "2026-01-01T00:00:00Z"}).encode()


@asynccontextmanager
async def open_load(urls: list[str], chance: random.Random, evidence: Evidence) -> AsyncIterator[Load]:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        load = Load(urls, chance, evidence, http)
        try:
            yield load
        finally:
            for task in load.asking:
                task.cancel()
