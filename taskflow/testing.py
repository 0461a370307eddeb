"""For tests of handlers: one attempt, run as a worker runs it, without a database, a broker or a server.

outcome = await run(thumbnail, {"url": "…"}, attempt=2)
assert outcome.status == "DONE" and outcome.result == {"bytes": 48_113}
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.outcome import Cancelled, Failed, GivenBack, Outcome, Snoozed, Succeeded
from taskflow.infra.errors import InvalidTask
from taskflow.infra.settings import PAYLOAD_MAX_BYTES
from taskflow.infra.task_info import ErrorInfo, TaskInfo
from taskflow.worker.attempt import run_attempt
from taskflow.worker.calls import SubmitOptions
from taskflow.worker.context import Context
from taskflow.worker.handle import Handle
from taskflow.worker.payload import dump
from taskflow.worker.registry import Handler
from taskflow.worker.submission import Target, to_input
from taskflow.worker.task import Middleware

__all__ = ["AttemptOutcome", "run", "run_sync"]

NO_SERVER: Final = "A unit test has no TaskFlow: take the fixture taskflow_app to run what a handler submits"


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What one attempt came to: the status that the task would have next, and what the handler said on the way.

    `status` is DONE, FAILED, CANCELLED, or PENDING when it would be tried again, after `retry_in` seconds. `result` is
    JSON. `progress` has each (fraction, message) as it was told, `submitted` each (kind, payload, options).
    """

    status: TaskStatus
    result: Any = None
    error: ErrorInfo | None = None
    retry_in: float | None = None
    message: str | None = None
    progress: list[tuple[float, str | None]] = field(default_factory=list)
    submitted: list[tuple[str, Any, dict[str, Any]]] = field(default_factory=list)


class _RecordingContext(Context):
    """Keeps what the handler says and submits."""

    def __init__(self, task: TaskInfo) -> None:
        super().__init__(
            task_id=task.id,
            kind=task.kind,
            title=task.title,
            attempt=task.attempt,
            max_attempts=task.max_attempts,
            on_progress=lambda: None,
            submit=self._record,
        )
        self.told: list[tuple[float, str | None]] = []
        self.submitted: list[tuple[str, Any, dict[str, Any]]] = []

    def progress(self, fraction: float, message: str | None = None) -> None:
        super().progress(fraction, message)
        self.told.append((fraction, message))

    async def _record(self, number: int, wanted: object, payload: object, options: SubmitOptions) -> Handle[Any]:
        target = Target.of(wanted)
        asked = to_input(target, payload, options, now=datetime.now(UTC))
        self.submitted.append((target.kind, asked.payload, dict(options)))
        nobody: Any = _NoServer()
        return Handle(str(uuid.uuid4()), nobody, target)


class _NoServer:
    """Where a handle would ask."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(NO_SERVER)


async def run(
    handler: Callable[..., Any],
    payload: object = None,
    *,
    attempt: int = 1,
    max_attempts: int | None = None,
    cancelled: bool = False,
    middleware: Sequence[Middleware] = (),
) -> AttemptOutcome:
    """Run one attempt of `handler`, its payload checked as in a worker: a model, or JSON that validates as one.

    With `cancelled` the handler is asked to stop: `ctx.cancelled` is true from the start, and a coroutine gets a
    CancelledError at its first wait. Raises HandlerError for a function that no worker would take.
    """
    known = Handler.of(handler)
    task = _task(known, _as_json(known, payload), attempt, max_attempts or known.options.max_attempts)
    context = _RecordingContext(task)
    if cancelled:
        context.request_cancellation()
    running = asyncio.create_task(
        run_attempt(known, task, context, middleware=middleware, jitter=0.0, result_max_bytes=PAYLOAD_MAX_BYTES)
    )
    if cancelled and known.is_async:
        await asyncio.sleep(0)
        running.cancel()
    return _described(await running, context)


def run_sync(handler: Callable[..., Any], payload: object = None, **options: Any) -> AttemptOutcome:
    """The same for a test without an event loop."""
    return asyncio.run(run(handler, payload, **options))


def _as_json(handler: Handler, payload: object) -> Any:
    """What a worker would read from the row. What can't be written is left for its check to refuse."""
    try:
        return dump(handler.payload, payload)
    except InvalidTask:
        return payload


def _task(handler: Handler, payload: Any, attempt: int, max_attempts: int) -> TaskInfo:
    now, kind = datetime.now(UTC), handler.options.kind
    return TaskInfo(
        id=str(uuid.uuid4()),
        title=kind,
        kind=kind,
        queue=handler.options.queue or "default",
        payload=payload,
        status=TaskStatus.PROCESSING,
        message=None,
        result=None,
        error=None,
        progress=None,
        attempt=attempt,
        max_attempts=max_attempts,
        version=2 * attempt,
        idempotency_key=None,
        created_at=now,
        updated_at=now,
        run_at=None,
        started_at=now,
        finished_at=None,
        duration_ms=None,
    )


def _described(outcome: Outcome, context: _RecordingContext) -> AttemptOutcome:
    said: dict[str, Any] = {"progress": context.told, "submitted": context.submitted}
    match outcome:
        case Succeeded(result, message):
            return AttemptOutcome(TaskStatus.DONE, result, message=message, **said)
        case Snoozed(retry_in, message):
            return AttemptOutcome(TaskStatus.PENDING, retry_in=retry_in.total_seconds(), message=message, **said)
        case Failed(error, retry_in):
            error_info = ErrorInfo(**error)
            if retry_in is None or context.attempt >= context.max_attempts:
                return AttemptOutcome(TaskStatus.FAILED, error=error_info, message=error["message"], **said)
            seconds = retry_in.total_seconds()
            return AttemptOutcome(TaskStatus.PENDING, None, error_info, seconds, error["message"], **said)
        case Cancelled() | GivenBack():
            return AttemptOutcome(TaskStatus.CANCELLED, message="Cancelled", **said)
