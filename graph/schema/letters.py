"""Dead letters: what nobody could run, listed, sent again, discarded."""

from datetime import datetime
from typing import Annotated, Final, Self

import strawberry

from taskflow.db import letters, queries
from taskflow.db.audit import Act
from taskflow.db.errors import LetterCut, LetterNotFound
from taskflow.db.secrets import Path
from taskflow.graph.execution.access import Role, Viewer
from taskflow.graph.lists.numbered import encode_number, load_numbered, number_of
from taskflow.graph.schema.bodies import shown_body
from taskflow.graph.schema.inputs import argument
from taskflow.graph.schema.numbered import After, First, page_info
from taskflow.graph.schema.types import PageInfo, Task
from taskflow.graph.services import OperationInfo
from taskflow.infra.broker import ForeignMessage
from taskflow.infra.broker.topology import DEFAULT_QUEUE
from taskflow.infra.errors import NotSent

field = strawberry.field
LIST: Final = "deadLetters"

LetterId = Annotated[strawberry.ID, argument("The dead letter's id.")]


@strawberry.type(description="A message that nobody could run: without a task, or no task message at all.")
class DeadLetter:
    id: strawberry.ID = field(description="Its own id, rising over time.")
    reason: str = field(description="Why nobody could run it.")
    body: str = field(
        description="As it came, with replacement characters where it is not UTF-8. What any kind holds secret in its "
        "payload reads **********; so does, for a viewer, a whole body that is not the documented one."
    )
    queue: str | None = field(description="The queue that brought it.")
    task_id: strawberry.ID | None = field(description="The task that it names, where it names one.")
    at: datetime = field(description="When a worker gave it up.")
    is_cut: bool = field(description="Whether it was too large to be kept whole: then it can't be replayed from here.")

    @classmethod
    def of(cls, row: letters.Letter, secrets: frozenset[Path], viewer: Viewer) -> Self:
        return cls(
            id=strawberry.ID(str(row.id)),
            reason=row.reason,
            body=shown_body(row.body, secrets, as_it_came=viewer.role >= Role.OPERATOR),
            queue=row.queue,
            task_id=strawberry.ID(row.task_id) if row.task_id else None,
            at=row.at,
            is_cut=row.is_cut,
        )


@strawberry.type(description="A dead letter on a page.")
class DeadLetterEdge:
    cursor: str = field(description="Give it as `after` to go on from here.")
    node: DeadLetter = field(description="The dead letter itself.")


@strawberry.type(description="A page of dead letters, by key.")
class DeadLetterConnection:
    edges: list[DeadLetterEdge] = field(description="The dead letters, each with its cursor.")
    page_info: PageInfo = field(description="Whether there are pages before and after this one.")

    @field(description="The dead letters alone.")
    def nodes(self) -> list[DeadLetter]:
        return [edge.node for edge in self.edges]

    @field(description="How many there are in all. Counted only when selected.")
    async def total_count(self, info: OperationInfo) -> int:
        return await letters.count(info.context.services.resources.engine)


@strawberry.type
class LettersQuery:
    @strawberry.field(
        description="A page of what nobody could run, the newest first. FAILED tasks are tasks, not here."
    )
    async def dead_letters(self, info: OperationInfo, first: First = None, after: After = None) -> DeadLetterConnection:
        engine = info.context.services.resources.engine
        page = await load_numbered(
            LIST, lambda before, limit: letters.page(engine, before=before, limit=limit), first=first, after=after
        )
        viewer, secrets = info.context.viewer, info.context.services.kinds.every_secret()
        edges = [
            DeadLetterEdge(cursor=encode_number(LIST, row.id), node=DeadLetter.of(row, secrets, viewer))
            for row in page.rows
        ]
        return DeadLetterConnection(
            edges=edges, page_info=page_info([edge.cursor for edge in edges], page.has_next, after)
        )


@strawberry.type
class LettersMutation:
    @strawberry.mutation(
        description="Send a dead letter to its queue again, and take it off the list once the broker has confirmed. "
        "The task that it names, null when it names none. Failing again, it is a new dead letter."
    )
    async def replay_dead_letter(self, info: OperationInfo, id: LetterId) -> Task | None:
        info.context.viewer.require(Role.OPERATOR)
        services = info.context.services
        resources = services.resources
        letter = await letters.get(resources.engine, known(id))
        if letter.is_cut:
            raise LetterCut(id, letter.size, len(letter.body))
        queue = letter.queue or DEFAULT_QUEUE
        if not all(await resources.broker.publish([ForeignMessage(letter.body, queue, letter.task_id or "")])):
            raise NotSent
        act = Act(info.context.viewer.name, "replayDeadLetter", id, {"queue": queue, "taskId": letter.task_id})
        await letters.remove(resources.engine, letter.id, act, now=resources.clock.now(), if_there=True)
        found = await queries.get(resources.engine, [letter.task_id] if letter.task_id else [])
        return Task.of(found[letter.task_id], services.kinds) if letter.task_id in found else None

    @strawberry.mutation(description="Take a dead letter off the list for good. Its copy in `task.dead` stays there.")
    async def discard_dead_letter(self, info: OperationInfo, id: LetterId) -> strawberry.ID:
        info.context.viewer.require(Role.OPERATOR)
        resources = info.context.services.resources
        act = Act(info.context.viewer.name, "discardDeadLetter", id)
        await letters.remove(resources.engine, known(id), act, now=resources.clock.now())
        return id


def known(id_: str) -> int:
    """Raises LetterNotFound for what can't be the id of one."""
    number = number_of(id_)
    if number is None:
        raise LetterNotFound(id_)
    return number
