"""How much is kept."""

from typing import Self

import strawberry

from taskflow.db import storage
from taskflow.graph.services import OperationInfo

field = strawberry.field


@strawberry.type(description="How large the tables of tasks and of their histories are.")
class Storage:
    tasks: int = field(description="Tasks; an estimate on MySQL and MariaDB.")
    events: int = field(description="Recorded changes; an estimate on MySQL and MariaDB.")
    bytes: float = field(description="Both tables with their indexes, in whole bytes; on SQLite the whole file.")

    @classmethod
    def of(cls, measured: storage.Storage) -> Self:
        return cls(tasks=measured.tasks, events=measured.events, bytes=float(measured.bytes))


@strawberry.type
class StorageQuery:
    @strawberry.field(description="How much is kept. At most seconds old, and cheap to ask for.")
    async def storage(self, info: OperationInfo) -> Storage:
        return Storage.of(await info.context.services.figures.storage.get())
