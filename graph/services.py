"""What the API's parts work with: the services of the process, and the loaders of one operation."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from taskflow.db import queries
from taskflow.db.errors import TaskNotFound
from taskflow.db.models import NewTask, Task, TaskEvent
from taskflow.graph.execution.access import Viewer, caller_of, viewer_of
from taskflow.graph.execution.tokens import Tokens
from taskflow.graph.figures.kinds import Kinds
from taskflow.graph.figures.stats import StatsCache
from taskflow.graph.figures.throughput import FiguresCache
from taskflow.graph.http.tracing import traceparent_of
from taskflow.graph.live.hub import Hub
from taskflow.infra.input import InvalidInput, Problem, TaskInput
from taskflow.infra.new_task import validate
from taskflow.infra.rate import RateLimit
from taskflow.infra.resources import Resources
from taskflow.infra.submitter import Submitter

TASKS_READ_MAX: Final = 1000
"""Of all lists of one operation: aliases would multiply what a page is limited to."""


@dataclass(frozen=True, slots=True)
class Services:
    """Opened once, by the application."""

    resources: Resources
    submitter: Submitter
    hub: Hub
    stats: StatsCache
    figures: FiguresCache
    kinds: Kinds
    tokens: Tokens
    rate: RateLimit
    feeds: set[WebSocket] = field(default_factory=set)
    draining: asyncio.Event = field(default_factory=asyncio.Event)


def validated(services: Services, inputs: Sequence[TaskInput], *, prefix: str = "") -> list[NewTask]:
    """What is asked for as it is stored. Raises InvalidInput, also for a mask that was sent back as a secret."""
    limit = services.resources.settings.payload_max_bytes
    return validate(inputs, payload_max_bytes=limit, prefix=prefix, secrets=services.kinds.secrets)


class Operation:
    """Of one operation: a page of tasks loads its histories, or the tasks of its events, in one statement."""

    def __init__(self, services: Services, viewer: Viewer, caller: str = "", traceparent: str | None = None) -> None:
        self.services = services
        self.viewer = viewer
        self.caller = caller
        self.traceparent = traceparent
        self._tasks_left = TASKS_READ_MAX

    @classmethod
    def of(cls, connection: HTTPConnection) -> "Operation":
        """Raises Unauthenticated."""
        viewer, caller = viewer_of(connection), caller_of(connection)
        return cls(connection.app.state.services, viewer, caller, traceparent_of(connection))

    def take(self, tasks: int) -> None:
        """Before a list of so many is read. Raises InvalidInput when its operation reads too much in all."""
        self._tasks_left -= tasks
        if self._tasks_left < 0:
            raise InvalidInput((Problem("first", f"comes to more than {TASKS_READ_MAX} tasks in one operation"),))

    @cached_property
    def histories(self) -> DataLoader[str, list[TaskEvent]]:
        async def load(ids: list[str]) -> list[list[TaskEvent]]:
            found = await queries.histories(self.services.resources.engine, ids)
            return [found.get(task_id, []) for task_id in ids]

        return DataLoader(load, cache=False)

    @cached_property
    def tasks(self) -> DataLoader[str, Task | TaskNotFound]:
        async def load(ids: list[str]) -> list[Task | TaskNotFound]:
            found = await queries.get(self.services.resources.engine, ids)
            return [found.get(task_id) or TaskNotFound(task_id) for task_id in ids]

        return DataLoader(load, cache=False)


OperationInfo = Info[Operation, Any]
