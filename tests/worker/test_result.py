"""What a handler returns is kept as JSON; what no database could keep fails at once, and says why."""

from datetime import UTC, datetime
from typing import Any

import pydantic
import pytest

from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.worker.bench import Bench
from tests.worker.conftest import StartWorker


class Receipt(pydantic.BaseModel):
    at: datetime
    total: float


def nested(levels: int) -> Any:
    return [] if levels == 1 else [nested(levels - 1)]


def endless() -> list[Any]:
    one: list[Any] = []
    one.append(one)
    return one


KEPT: dict[str, tuple[Any, Any]] = {
    "nothing": (None, None),
    "scalar": (0, 0),
    "text": ("naïve \0 \N{GRINNING FACE}", "naïve \0 \N{GRINNING FACE}"),
    "tuple": ((1, 2), [1, 2]),
    "number keys": ({1: "a"}, {"1": "a"}),
    "model": (Receipt(at=datetime(2026, 1, 31, tzinfo=UTC), total=2), {"at": "2026-01-31T00:00:00Z", "total": 2.0}),
    "largest integers": ([2**64 - 1, -(2**63)], [2**64 - 1, -(2**63)]),
    "deepest": (nested(32), nested(32)),
}

REFUSED: dict[str, tuple[Any, Any]] = {
    "object": (object(), "has a object, which is not JSON"),
    "bytes": ({"a": b"raw"}, "has a bytes"),
    "set": ([{1}], "has a set"),
    "instant": ([datetime(2026, 1, 31, tzinfo=UTC)], "has a datetime"),
    "pair as key": ({(1, 2): 3}, "keys must be"),
    "too large": ("x" * 10_001, "more than the 10000 allowed"),
    "too deep": (nested(33), "more than 32 levels"),
    "endless": (endless(), "more than 32 levels"),
    "lone surrogate": ({"a": "\ud800"}, "lone surrogate"),
    "lone surrogate as key": ({"\ud800": 1}, "lone surrogate"),
    "NaN": ([float("nan")], "NaN"),
    "infinity": (float("inf"), "infinity"),
    "model with infinity": (Receipt(at=datetime(2026, 1, 31, tzinfo=UTC), total=float("inf")), "infinity"),
    "huge integer": (2**64, "more than 64 bits"),
}


@task("give")
async def give(payload: dict[str, str]) -> Any:
    return (KEPT | REFUSED)[payload["name"]][0]


@pytest.mark.parametrize("name", KEPT)
async def test_a_result_is_kept_as_json(bench: Bench, start_worker: StartWorker, name: str) -> None:
    async with start_worker(give):
        ended = await bench.run("give", {"name": name})
    assert (ended.status, ended.error) == ("DONE", None)
    assert ended.result == KEPT[name][1]


@pytest.mark.parametrize("name", REFUSED)
async def test_a_result_that_cannot_be_kept_fails_at_once(bench: Bench, start_worker: StartWorker, name: str) -> None:
    async with start_worker(give):
        ended = await bench.run("give", {"name": name})
    assert ended.status == "FAILED"
    assert ended.error is not None
    assert ended.error["type"] == "InvalidResult"
    assert REFUSED[name][1] in ended.error["message"]
    assert await bench.statuses(ended.id) == ["PENDING", "PROCESSING", "FAILED"]


async def test_a_note_is_the_tasks_message_when_it_is_done(bench: Bench, start_worker: StartWorker) -> None:
    @task("note")
    async def note(payload: Any, ctx: Context) -> int:
        ctx.note("first")
        ctx.note("three letters written")
        return 3

    async with start_worker(note):
        ended = await bench.run("note")
    assert (ended.status, ended.message, ended.result) == ("DONE", "three letters written", 3)
    assert (await bench.history(ended.id))[-1].message == "three letters written"


async def test_the_builtin_kind_takes_its_message_from_the_payload(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker():
        done = await bench.run("message", {"message": "Task complete"})
        other = await bench.run("message", {"message": {"a": ["ü"]}})
        failed = await bench.run("message", {"text": "?"})
    assert (done.status, done.message) == ("DONE", "Task complete")
    assert (other.status, other.message) == ("DONE", '{"a": ["ü"]}')
    assert (failed.status, failed.message) == ("FAILED", "Payload missing required 'message' field")
    assert failed.attempt == 1
