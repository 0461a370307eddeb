"""Other programs, which know the documented columns and messages and nothing else: they insert tasks, and send what
nobody can run.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiormq
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.evidence import Accepted, Evidence

POISON_EVERY: Final = 1.5
PATIENCE: Final = 6.0
AGAIN: Final = 0.2
INSERT: Final = "INSERT INTO tasks (id, title, payload, status) VALUES (:id, :title, :payload, 'PENDING')"
REQUESTED_AT: Final = "2026-01-01T00:00:00Z"


@dataclass
class Strangers:
    engine: AsyncEngine
    broker: str
    chance: random.Random
    evidence: Evidence

    async def insert(self, *, publishes: bool) -> str:
        """A task, and its message or not; its id once the insert is committed."""
        task = str(uuid.uuid4())
        says = f"inserted as {task}"
        payload = {"message": says}
        values = {"id": task, "title": "A stranger's", "payload": json.dumps(payload)}
        while not await self._is_inserted(values):  # noqa: ASYNC110 - no event would tell
            await asyncio.sleep(AGAIN)
        self.evidence.accepted[task] = Accepted("message", time.monotonic(), watched=True, says=says)
        if publishes:
            requested_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            await self._publish(_body(task_id=task, payload=payload, requested_at=requested_at), message_id=task)
        return task

    async def _is_inserted(self, values: dict[str, Any]) -> bool:
        """Also by an earlier try whose commit was not answered."""
        try:
            async with self.engine.begin() as connection:
                await connection.execute(sa.text(INSERT), values)
        except sa.exc.IntegrityError:
            return True
        except sa.exc.DBAPIError:
            return False
        return True

    async def poison(self) -> None:
        """Messages that nobody can run, from time to time; only what the broker confirmed has to be accounted for."""
        for number in range(1_000_000):
            await asyncio.sleep(POISON_EVERY)
            body = _poison(number, self.chance)
            self.evidence.tried_poison.add(body)
            if await self._publish(body):
                self.evidence.poison[body] = time.monotonic()

    async def _publish(self, body: bytes, message_id: str | None = None) -> bool:
        """Whether the broker has confirmed that a queue has it."""
        with suppress(aiormq.exceptions.AMQPError, OSError, asyncio.TimeoutError):
            async with asyncio.timeout(PATIENCE), aiormq.connect(self.broker) as connection:
                channel = await connection.channel()
                properties = aiormq.spec.Basic.Properties(
                    delivery_mode=2, content_type="application/json", message_id=message_id
                )
                answer = await channel.basic_publish(
                    body, exchange="task.topic", routing_key="task.created", mandatory=True, properties=properties
                )
                return isinstance(answer, aiormq.spec.Basic.Ack)
        return False


def _body(**values: Any) -> bytes:
    return json.dumps(values).encode()


def _poison(number: int, chance: random.Random) -> bytes:
    unknown = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    match number % 4:
        case 0:
            return b"\xff\xfe not JSON %d" % number
        case 1:
            return json.dumps(["no object", number]).encode()
        case 2:
            return _body(payload={"number": number}, requested_at=REQUESTED_AT)
    return _body(task_id=unknown, payload=None, requested_at=REQUESTED_AT)
