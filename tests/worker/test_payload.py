"""A payload is checked against the handler's type hint before the handler runs; one that does not fit fails at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic
import pytest
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from taskflow.db.models import Task
from taskflow.worker.context import Context
from taskflow.worker.task import task
from tests.worker.bench import Bench
from tests.worker.conftest import Logs, StartWorker


class Model(pydantic.BaseModel):
    id: UUID
    at: datetime
    size: Literal["small", "large"] = "small"


@dataclass
class Record:
    width: int
    name: str = "untitled"


class Keys(TypedDict):
    width: int


@task("model")
async def model(payload: Model) -> list[str]:
    return [type(payload).__name__, str(payload.id), payload.at.isoformat(), payload.size]


@task("record")
def record(payload: Record, ctx: Context) -> list[Any]:
    return [type(payload).__name__, payload.width, payload.name]


@task("keys")
async def keys(payload: Keys) -> list[Any]:
    return [type(payload).__name__, payload["width"]]


@task("plain")
async def plain(payload: dict[str, int]) -> dict[str, int]:
    return payload


@task("unhinted")
async def unhinted(payload):  # type: ignore[no-untyped-def]
    return payload


@task("optional")
async def optional(payload: Record | None) -> str:
    return type(payload).__name__


class ByKey(pydantic.BaseModel):
    way: Literal["key"]


class ByName(pydantic.BaseModel):
    way: Literal["name"]


class Picky(pydantic.BaseModel):
    value: int

    @pydantic.field_validator("value")
    @classmethod
    def check(cls, value: int) -> int:
        return 1 // value


@task("picky")
async def picky(payload: Picky) -> int:
    return payload.value


ID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
async def run(bench: Bench, start_worker: StartWorker) -> Any:
    async def run(kind: str, payload: dict[str, Any] | None) -> Task:
        async with start_worker(model, record, keys, plain, unhinted, optional, picky):
            return await bench.run(kind, payload)

    return run


@pytest.mark.parametrize(
    ("kind", "payload", "result"),
    [
        ("model", {"id": ID, "at": "2026-01-31T09:30:00Z"}, ["Model", ID, "2026-01-31T09:30:00+00:00", "small"]),
        ("record", {"width": 3, "name": "cat"}, ["Record", 3, "cat"]),
        ("record", {"width": "3"}, ["Record", 3, "untitled"]),
        ("keys", {"width": 3}, ["dict", 3]),
        ("plain", {"a": 1}, {"a": 1}),
        ("plain", {}, {}),
        ("unhinted", {"a": [1, None, "ü"]}, {"a": [1, None, "ü"]}),
        ("unhinted", None, None),
        ("optional", None, "NoneType"),
        ("optional", {"width": 1}, "Record"),
    ],
)
async def test_a_handler_gets_its_payload_as_the_type_it_asks_for(
    run: Any, kind: str, payload: dict[str, Any] | None, result: Any
) -> None:
    ended = await run(kind, payload)
    assert (ended.status, ended.result) == ("DONE", result)


@pytest.mark.parametrize(
    ("kind", "payload", "field"),
    [
        ("model", {"id": ID}, "at: "),
        ("model", {"id": "no", "at": "never", "size": "huge"}, "size: "),
        ("model", None, "payload: "),
        ("record", {"width": "wide"}, "width: "),
        ("keys", {}, "width: "),
        ("plain", {"a": {"b": 1}}, "a: "),
    ],
)
async def test_a_payload_that_does_not_fit_fails_at_once_and_says_where(
    run: Any, bench: Bench, kind: str, payload: dict[str, Any] | None, field: str
) -> None:
    ended = await run(kind, payload)
    assert ended.status == "FAILED"
    assert ended.error["type"] == "InvalidPayload"
    assert "does not fit the handler" in ended.message
    assert field in ended.message
    assert await bench.statuses(ended.id) == ["PENDING", "PROCESSING", "FAILED"]


async def test_what_a_check_of_the_handlers_author_raises_is_a_failure_like_any_other(run: Any) -> None:
    ended = await run("picky", {"value": 0})
    assert ended.status == "FAILED"
    assert ended.error["type"] == "ZeroDivisionError"
    assert "check" in ended.error["traceback"]


class Login(pydantic.BaseModel):
    user: str
    password: pydantic.SecretStr
    code: Annotated[int, pydantic.Field(ge=10)] = 10
    by: Annotated[ByKey | ByName, pydantic.Field(discriminator="way")] | None = None

    @pydantic.field_validator("user")
    @classmethod
    def check(cls, user: str) -> str:
        if user != "ana":
            raise ValueError(f"{user} is nobody: not x{user}x")
        return user


@task("login")
async def login(payload: Login) -> list[str]:
    return [payload.password.get_secret_value(), str(payload.password)]


async def test_a_handler_gets_a_secret_whole(bench: Bench, start_worker: StartWorker) -> None:
    async with start_worker(login):
        ended = await bench.run("login", {"user": "ana", "password": "s3cret"})
    assert ended.result == ["s3cret", "**********"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "s3cret"},
        {"password": {"s3cret": "s3cret"}},
        {"password": ["s3cret"]},
        {"code": "s3cret"},
        {"by": {"way": "s3cret"}},
        {"by": "s3cret"},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_never_quoted(
    bench: Bench, start_worker: StartWorker, logs: Logs, wrong: dict[str, Any]
) -> None:
    async with start_worker(login):
        ended = await bench.run("login", {"user": "ana", "password": "right"} | wrong)
    assert ended.status == "FAILED"
    assert next(iter(wrong)) in str(ended.message)
    told = [ended.message, ended.error, await bench.history(ended.id), bench.events, logs]
    assert "s3cret" not in str(told)
