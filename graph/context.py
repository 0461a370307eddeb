"""What resolvers work with: the process's services, and loaders that live as long as one operation."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from db import queries
from db.errors import TaskNotFound
from db.models import Task, TaskEvent
from graph.figures import FiguresCache
from graph.live import Hub
from graph.stats import StatsCache
from graph.submit import Submitter
from infra.resources import Resources


@dataclass(frozen=True, slots=True)
class Services:
    """Opened once, by the application."""

    resources: Resources
    submitter: Submitter
    hub: Hub
    stats: StatsCache
    figures: FiguresCache
    feeds: set[WebSocket] = field(default_factory=set)
    draining: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Context:
    """Of one operation: a page of tasks loads its histories, or the tasks of its events, in one statement."""

    services: Services
    histories: DataLoader[str, list[TaskEvent]] = field(init=False)
    tasks: DataLoader[str, Task | TaskNotFound] = field(init=False)

    def __post_init__(self) -> None:
        engine = self.services.resources.engine

        async def load_histories(ids: list[str]) -> list[list[TaskEvent]]:
            found = await queries.histories(engine, ids)
            return [found.get(task_id, []) for task_id in ids]

        async def load_tasks(ids: list[str]) -> list[Task | TaskNotFound]:
            found = await queries.get(engine, ids)
            return [found.get(task_id) or TaskNotFound(task_id) for task_id in ids]

        self.histories = DataLoader(load_histories, cache=False)
        self.tasks = DataLoader(load_tasks, cache=False)

    @classmethod
    def of(cls, connection: HTTPConnection) -> "Context":
        return cls(connection.app.state.services)


ContextInfo = Info[Context, Any]
