"""What the schema shows of queues, and how they are paused."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Self

import strawberry

from taskflow.db import pauses
from taskflow.graph.execution.access import Role
from taskflow.graph.figures.queues import QueueFigures, read_queue
from taskflow.graph.schema.inputs import argument
from taskflow.graph.services import OperationInfo, Services
from taskflow.infra.input import NAME, NAME_TAKES, InvalidInput, Problems, check_text

field = strawberry.field

REASON_MAX: Final = 1000


@strawberry.type(description="A queue, as it is now.")
class Queue:
    name: str = field(description="Its name.")
    waiting: int | None = field(description="Messages of it in the broker; null while that is away.")
    running: int = field(description="Tasks of it that run.")
    workers: int = field(description="Workers that take from it, or would if it were not paused.")
    oldest_at: datetime | None = field(description="Since when the oldest due task of it waits; null when none does.")
    paused_at: datetime | None = field(description="When it was paused; null while it is not.")
    paused_by: str | None = field(description="Who paused it: the name of a token.")
    pause_reason: str | None = field(description="Why, as last said.")

    @classmethod
    def of(cls, queue: QueueFigures) -> Self:
        return cls(**asdict(queue))


QueueName = Annotated[str, argument("Of any queue, also of one that nobody uses yet.")]


@strawberry.type
class QueueMutation:
    @strawberry.mutation(
        description="Workers stop taking from it within a second; what they hold runs on. Again: a new reason."
    )
    async def pause_queue(
        self,
        info: OperationInfo,
        name: QueueName,
        reason: Annotated[str | None, argument("For who looks at it: at most 1000 characters.")] = None,
    ) -> Queue:
        viewer, services = info.context.viewer, info.context.services
        viewer.require(Role.OPERATOR)
        said = _checked(name, reason)
        now = services.resources.clock.now()
        await pauses.pause(services.resources.engine, name, now=now, by=viewer.name, reason=said)
        return await _shown(services, name)

    @strawberry.mutation(description="Workers take from it again within a second. Nothing for one that is not paused.")
    async def resume_queue(self, info: OperationInfo, name: QueueName) -> Queue:
        viewer, services = info.context.viewer, info.context.services
        viewer.require(Role.OPERATOR)
        _checked(name, None)
        await pauses.resume(services.resources.engine, name, now=services.resources.clock.now(), by=viewer.name)
        return await _shown(services, name)


def _checked(name: str, reason: str | None) -> str:
    """The reason, trimmed; empty without one. Raises InvalidInput."""
    problems, said = Problems(), (reason or "").strip()
    problems.check("name", bool(NAME.fullmatch(name)), NAME_TAKES)
    if said:
        check_text("reason", said, REASON_MAX, problems)
    if problems.found:
        raise InvalidInput(tuple(problems.found))
    return said


async def _shown(services: Services, name: str) -> Queue:
    services.figures.queues.renew()
    return Queue.of(await read_queue(services.resources, name))
