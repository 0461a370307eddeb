"""Creating tasks: callers that submit at the same time share a request, and one's mistake is that one's alone."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from taskflow.client.answers import AnswerLost
from taskflow.client.http import Http
from taskflow.infra.batcher import Batcher, Bounds, open_batcher
from taskflow.infra.errors import Conflict, InvalidTask
from taskflow.infra.input import TaskInput
from taskflow.infra.wire import format_instant
from taskflow.worker.submission import in_callers_words

AT_ONCE: Final = 1000
"""What the API takes in a request."""
CREATE: Final = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } } }"
INPUT: Final = re.compile(r"inputs\[(\d+)\]\.?(.*)", re.DOTALL)
UNSURE: Final = "It may or may not have been created. A submit with `key` can be repeated without making a second task."


class Creates:
    def __init__(self, http: Http, batcher: Batcher[TaskInput, str]) -> None:
        self._http = http
        self._batcher = batcher

    async def create(self, one: TaskInput) -> str:
        """Its id. Raises InvalidTask, Conflict, Unavailable, Unauthorized."""
        try:
            return await self._batcher.submit(one)
        except InvalidTask as error:
            raise InvalidTask({_field(name): takes for name, takes in error.errors.items()}) from None

    async def create_all(self, inputs: Sequence[TaskInput]) -> list[str]:
        """Their ids; 1,000 in a request, all or none of each."""
        ids: list[str] = []
        for start in range(0, len(inputs), AT_ONCE):
            try:
                ids += await create(self._http, inputs[start : start + AT_ONCE])
            except InvalidTask as error:
                raise InvalidTask({_item(start, name): takes for name, takes in error.errors.items()}) from None
        return ids


async def create(http: Http, inputs: Sequence[TaskInput]) -> list[str]:
    """One request: of one trace where all of it is, else each task says its own. Raises CallError."""
    traces = {one.traceparent for one in inputs}
    shared = traces.pop() if len(traces) == 1 else None
    try:
        data = await http.ask(CREATE, {"inputs": [_shown(one, shared) for one in inputs]}, traceparent=shared)
    except AnswerLost as error:
        raise AnswerLost(f"{error} {UNSURE}") from None
    return [task["id"] for task in data["createTasks"]["tasks"]]


def _shown(one: TaskInput, trace_of_request: str | None) -> dict[str, Any]:
    """As the schema's CreateTaskInput."""
    values = {
        "title": one.title,
        "payload": one.payload,
        "kind": one.kind,
        "queue": one.queue,
        "runAt": one.run_at and format_instant(one.run_at),
        "maxAttempts": one.max_attempts,
        "idempotencyKey": one.idempotency_key,
        "traceparent": None if one.traceparent == trace_of_request else one.traceparent,
    }
    return {name: value for name, value in values.items() if value is not None}


def _field(name: str) -> str:
    """`inputs[0].runAt` is `run_at` to who submitted that one."""
    found = INPUT.fullmatch(name)
    return in_callers_words(found[2] if found else name)


def _item(start: int, name: str) -> str:
    """`inputs[3].runAt` of the second thousand is `items[1003].run_at` to who submitted many."""
    found = INPUT.fullmatch(name)
    return f"items[{start + int(found[1])}].{in_callers_words(found[2])}" if found else in_callers_words(name)


@asynccontextmanager
async def open_creates(http: Http) -> AsyncIterator[Creates]:
    """A batch that the API refuses is halved: nothing of it was created. One whose answer was lost is not repeated."""

    async def flush(inputs: list[TaskInput]) -> list[str]:
        return await create(http, inputs)

    def divisible(error: Exception) -> bool:
        return isinstance(error, InvalidTask | Conflict)

    async with open_batcher(flush, bounds=Bounds(AT_ONCE), divisible=divisible) as batcher:
        yield Creates(http, batcher)
