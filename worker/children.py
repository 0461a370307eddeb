"""What a handler submits: the n-th of a task is the same one in every attempt. Created here, by the worker itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from taskflow.db.errors import IdempotencyConflict
from taskflow.db.models import Task
from taskflow.infra.errors import Conflict
from taskflow.infra.new_task import digest, validate_one
from taskflow.infra.submitter import Submitter
from taskflow.worker.calls import SubmitOptions
from taskflow.worker.handle import Handle
from taskflow.worker.records import until_stored
from taskflow.worker.submission import Target, to_input

KEY: Final = "child:{parent}:{number}"


@dataclass(frozen=True, slots=True)
class Children:
    """`handle` makes what the handler gets for a task that was submitted, from its id and who runs it."""

    submitter: Submitter
    payload_max_bytes: int
    handle: Callable[[str, Target], Handle[Any]]

    async def submit(
        self, parent: Task, number: int, wanted: object, payload: object, options: SubmitOptions
    ) -> Handle[Any]:
        """Into the trace that the handler is in, or else its task's. Waits for a database that is away.

        Raises InvalidTask, Conflict.
        """
        target = Target.of(wanted)
        asked = to_input(target, payload, options, now=datetime.now(UTC))
        asked = replace(asked, traceparent=asked.traceparent or parent.traceparent)
        new = validate_one(asked, payload_max_bytes=self.payload_max_bytes)
        if new.idempotency_key is None:
            key = KEY.format(parent=parent.id, number=number)
            new = replace(new, idempotency_key=key, digest=digest(new.kind, new.payload))
        try:
            created = await until_stored(lambda: self.submitter.create([new]))
        except IdempotencyConflict as error:
            if asked.idempotency_key is not None:
                raise Conflict(str(error)) from None
            raise Conflict(
                f"This task's submit number {number} was another one in an earlier attempt: task {error.task_id}. "
                "A handler has to submit the same kinds and payloads in the same order each time, or to give a key."
            ) from None
        return self.handle(created.tasks[0].id, target)
