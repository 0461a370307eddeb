"""What the schema shows of worker processes."""

from dataclasses import asdict
from datetime import datetime
from typing import Self

import strawberry

from taskflow.db import workers

field = strawberry.field


@strawberry.type(
    description="A worker process that was heard of within three leases; one that stopped in order is gone at once."
)
class Worker:
    id: strawberry.ID = field(description="Its own name, as a task's history has it.")
    host: str = field(description="The machine it runs on.")
    pid: int = field(description="Its process there.")
    version: str = field(description="Of TaskFlow.")
    kinds: list[str] = field(description="What it has handlers for, in order.")
    queues: list[str] = field(description="What it takes from.")
    slots: int = field(description="How many tasks it runs at once.")
    running: int = field(description="How many of its slots are taken.")
    started_at: datetime = field(description="When it started.")
    seen_at: datetime = field(description="When it said all this.")
    is_stopping: bool = field(description="Whether it takes no more, and lets what runs end.")

    @classmethod
    def of(cls, row: workers.Worker) -> Self:
        return cls(**asdict(row) | {"id": strawberry.ID(row.id)})
