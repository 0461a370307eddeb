"""Reads what a run has left: the tables by plain SQL, the queues, the journal. Imports nothing of the product."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiormq
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.evidence import Death, Event, Evidence, Row, Run, Span
from tests.services.server import Server

ROWS = """
SELECT id, kind, status, version, attempt, result, error, idempotency_key,
  dispatch_at IS NOT NULL AS is_due, claim IS NOT NULL AS is_claimed
FROM tasks
"""
EVENTS = """
SELECT task_id, version, status, attempt, message, error, worker_id, at FROM task_events ORDER BY task_id, version
"""
UNFINISHED = """
SELECT COUNT(*) FROM tasks WHERE status IN ('PENDING', 'PROCESSING') OR dispatch_at IS NOT NULL OR claim IS NOT NULL
"""


async def read_tables(engine: AsyncEngine, evidence: Evidence) -> None:
    evidence.rows, evidence.histories = {}, defaultdict(list)
    async with engine.connect() as connection:
        for one in await connection.execute(sa.text(ROWS)):
            evidence.rows[one.id] = Row(
                one.id,
                one.kind,
                one.status,
                one.version,
                one.attempt,
                is_due=bool(one.is_due),
                is_claimed=bool(one.is_claimed),
                result=_json(one.result),
                error=_json(one.error),
                key=one.idempotency_key,
            )
        for one in await connection.execute(sa.text(EVENTS)):
            at, error = instant(one.at) - evidence.epoch, _json(one.error)
            event = Event(
                one.task_id, one.version, one.status, one.attempt, one.message, error=error, worker=one.worker_id, at=at
            )
            evidence.histories[event.task].append(event)


def _json(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str | bytes) else stored


def instant(at: datetime) -> float:
    return at.replace(tzinfo=UTC).timestamp()


async def read_clock(engine: AsyncEngine) -> float:
    """What the database's clock said, in seconds since 1970, when the monotonic one was at zero."""
    async with engine.connect() as connection:
        began = time.monotonic()
        now = (await connection.execute(sa.text("SELECT UTC_TIMESTAMP(6)"))).scalar_one()
        return instant(now) - (began + time.monotonic()) / 2


async def versions(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        return {one[0]: one[1] for one in await connection.execute(sa.text("SELECT id, version FROM tasks"))}


async def count_unfinished(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(sa.text(UNFINISHED))).scalar_one())


async def depths(rabbitmq: Server) -> dict[str, tuple[int, int]]:
    """Of each queue but `task.dead`: messages ready, and unacknowledged."""
    told = ["name", "messages_ready", "messages_unacknowledged"]
    listed = await asyncio.to_thread(rabbitmq.operate, "rabbitmqctl", "--quiet", "list_queues", *told)
    found = {}
    for line in listed.splitlines():
        name, *numbers = line.split("\t")
        if len(numbers) == 2 and numbers[0].isdigit() and name != "task.dead":
            found[name] = (int(numbers[0]), int(numbers[1]))
    return found


async def read_dead_letters(rabbitmq: Server) -> list[tuple[str | None, bytes]]:
    letters: list[tuple[str | None, bytes]] = []
    async with aiormq.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        while (message := await channel.basic_get("task.dead", no_ack=True)).delivery_tag is not None:
            letters.append((message.header.properties.message_id, bytes(message.body)))
    return letters


def read_journal(path: Path, evidence: Evidence) -> None:
    """Starts and ends of handlers, when one ended its process, and when a process did not run."""
    begun: dict[tuple[str, ...], list[float]] = defaultdict(list)
    runs: list[Run] = []
    for line in path.read_text().splitlines():
        what, *rest = line.split()
        if what == "stall":
            span = Span(float(rest[1]), float(rest[2]), "it did not run")
            if span.ended - span.began > evidence.lease / 2:
                evidence.stalls[int(rest[0])].append(span)
        elif what == "start":
            begun[tuple(rest[:3])].append(float(rest[3]))
        elif what == "dies":
            evidence.deaths.append(Death(rest[0], int(rest[1]), int(rest[2]), float(rest[3]), int(rest[4])))
        else:
            runs.append(_run(rest, begun[tuple(rest[:3])].pop(0), float(rest[3])))
    evidence.runs = runs + [_run([*name], at, None) for name, some in begun.items() for at in some]


def read_logs(folder: Path, evidence: Evidence) -> None:
    """What is logged as an error: where it was raised, without the way to it."""
    for path in sorted(folder.glob("*.log")):
        for text in path.read_text(errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                evidence.defects += [f"{path.name}: {text}"] if text.startswith("Traceback") else []
                continue
            if line.get("level") in ("error", "critical"):
                raised = line.get("exception", "").strip().splitlines()[-4:]
                evidence.defects.append(
                    f"{path.stem[:3]}… {line['event'].strip()} | {' | '.join(map(str.strip, raised))}"
                )


def _run(name: list[str], began: float, ended: float | None) -> Run:
    return Run(name[0], int(name[1]), int(name[2]), began, ended)
