"""The documented REST calls: thin shims over what GraphQL calls too."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taskflow.db import queries
from taskflow.db.errors import TaskNotFound
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task, TaskEvent
from taskflow.db.queries import Order
from taskflow.graph.execution.access import Role, caller_of, viewer_of
from taskflow.graph.figures.kinds import Kinds
from taskflow.graph.http.body import JSON, is_json, read_body
from taskflow.graph.http.prefix import prefix_of
from taskflow.graph.http.tracing import Observed, traceparent_of
from taskflow.graph.lists.filter import to_filter
from taskflow.graph.lists.paging import load_page
from taskflow.graph.services import Services, validated
from taskflow.infra.input import INSTANT_TAKES, InvalidInput, Problem, TaskInput, to_instant
from taskflow.infra.tracing.current import current_traceparent
from taskflow.infra.wire import decode_json, encode_json, format_instant

PAGE_DEFAULT: Final = 100
TYPES: Final[dict[str, tuple[type, str]]] = {
    "title": (str, "a string"),
    "payload": (object, "an object or null"),
    "kind": (str, "a string"),
    "queue": (str, "a string"),
    "run_at": (str, INSTANT_TAKES.removeprefix("takes ")),
    "max_attempts": (int, "a whole number"),
}


def instant(at: datetime | None) -> str | None:
    return format_instant(at) if at else None


def task_body(task: Task, kinds: Kinds) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "title": task.title,
        "kind": task.kind,
        "queue": task.queue,
        "payload": kinds.payload(task),
        "status": task.status,
        "message": task.message,
        "result": task.result,
        "error": task.error,
        "progress": task.progress,
        "attempt": task.attempt,
        "max_attempts": kinds.max_attempts(task),
        "version": task.version,
        "created_at": instant(task.created_at),
        "updated_at": instant(task.updated_at),
        "run_at": instant(task.run_at),
        "started_at": instant(task.started_at),
        "finished_at": instant(task.finished_at),
        "duration_ms": task.duration_ms,
    }


def event_body(event: TaskEvent) -> dict[str, Any]:
    return {
        "event_id": str(event.id),
        "task_id": event.task_id,
        "version": event.version,
        "status": event.status,
        "attempt": event.attempt,
        "message": event.message,
        "error": event.error,
        "worker_id": event.worker_id,
        "at": instant(event.at),
    }


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode_json(body), status, headers, media_type="application/json")


def body_max(payload_max_bytes: int) -> int:
    """A payload may come with each character escaped, as many clients send what is not ASCII, and has some company."""
    return 3 * payload_max_bytes + 64 * 1024


async def tasks(request: Request) -> Response:
    """One route for both methods, so that 405 names them all."""
    return await (create_task(request) if request.method == "POST" else list_tasks(request))


async def create_task(request: Request) -> Response:
    viewer_of(request).require(Role.OPERATOR)
    services: Services = request.app.state.services
    await services.rate.take(caller_of(request))
    limit = services.resources.settings.payload_max_bytes
    asked = parse_input(await read_json(request, body_max(limit)), request)
    created = await services.submitter.create(validated(services, [asked]))
    task = created.tasks[0]
    status, location = 201 if created.is_new[0] else 200, f"{prefix_of(request)}/tasks/{task.id}"
    return answer(task_body(task, services.kinds), status, {"location": location})


async def read_json(request: Request, limit: int) -> Any:
    """Raises HTTPException 415, BodyTooLarge, NotJson."""
    if not is_json(request):
        raise HTTPException(415, f"Send {JSON}.")
    return decode_json(await read_body(request, limit))


def parse_input(body: Any, request: Request) -> TaskInput:
    """Raises InvalidInput with every key that is unknown or of the wrong type."""
    if not isinstance(body, dict):
        raise InvalidInput((Problem("body", "takes a JSON object"),))
    problems = [Problem(key, "is not known here") for key in body if key not in TYPES]
    if "title" not in body:
        problems.append(Problem("title", "is required"))
    for key, (kind, takes) in TYPES.items():
        value = body.get(key)
        is_absent = value is None and key != "title"
        if key in body and not is_absent and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            problems.append(Problem(key, f"takes {takes}"))
    values = {key: body[key] for key in TYPES if body.get(key) is not None}
    if isinstance(values.get("run_at"), str):
        try:
            values["run_at"] = to_instant(values["run_at"])
        except ValueError as error:
            problems.append(Problem("run_at", str(error)))
    if problems:
        raise InvalidInput(tuple(problems))
    traceparent = current_traceparent() or traceparent_of(request)
    return TaskInput(**values, idempotency_key=_text(request.headers.get("idempotency-key")), traceparent=traceparent)


def _text(header: str | None) -> str | None:
    """The same text that GraphQL would get: headers are bytes, in UTF-8 by all who send more than ASCII."""
    try:
        return header and header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


async def get_task(request: Request) -> Response:
    services: Services = request.app.state.services
    task_id = request.path_params["task_id"]
    found = await queries.get(services.resources.engine, [task_id])
    if task_id not in found:
        raise TaskNotFound(task_id)
    return answer(task_body(found[task_id], services.kinds))


async def get_events(request: Request) -> Response:
    services: Services = request.app.state.services
    task_id = request.path_params["task_id"]
    history = (await queries.histories(services.resources.engine, [task_id]))[task_id]
    if not history and task_id not in await queries.get(services.resources.engine, [task_id]):
        raise TaskNotFound(task_id)
    return answer([event_body(event) for event in history])


async def list_tasks(request: Request) -> Response:
    services: Services = request.app.state.services
    asked, order = request.query_params, Order()
    statuses = [_status(value) for value in asked.getlist("status")]
    limit, cursor = _limit(asked.get("limit")), asked.get("cursor")
    try:
        where = to_filter(statuses=statuses, kinds=asked.getlist("kind"), search=asked.get("q"))
        page = await load_page(services.resources.engine, where, order, first=limit, after=cursor)
    except InvalidInput as error:
        named = {"kinds": "kind", "search": "q", "first": "limit", "after": "cursor"}
        raise InvalidInput(tuple(Problem(named[one.field], one.message) for one in error.problems)) from None
    headers = {}
    if page.has_next and page.last:
        kept = [(key, value) for key, value in asked.multi_items() if key != "cursor"]
        following = urlencode([*kept, ("cursor", page.last)])
        headers["link"] = f'<{prefix_of(request)}/tasks?{following}>; rel="next"'
    return answer([task_body(task, services.kinds) for task in page.tasks], headers=headers)


def _status(value: str) -> TaskStatus:
    try:
        return TaskStatus(value)
    except ValueError:
        raise InvalidInput((Problem("status", f"takes {', '.join(TaskStatus)}"),)) from None


def _limit(value: str | None) -> int:
    if value is None:
        return PAGE_DEFAULT
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0


ENDPOINTS: Final = {
    "/tasks": (tasks, ["GET", "POST"]),
    "/tasks/{task_id}": (get_task, ["GET"]),
    "/tasks/{task_id}/events": (get_events, ["GET"]),
}
ROUTES: Final = [
    Route(path, endpoint, methods=methods, middleware=[Middleware(Observed, route=path)])
    for path, (endpoint, methods) in ENDPOINTS.items()
]
