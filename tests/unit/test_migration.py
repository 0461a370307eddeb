"""A process that starts waits for a database that is migrated late, or is away for a moment."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.infra.errors import StartError
from taskflow.migration import wait_for_migration


def resources(attempts: int) -> Any:
    settings = SimpleNamespace(db_connect_attempts=attempts, db_connect_backoff=timedelta())
    return SimpleNamespace(settings=settings, engine=None)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool | Exception | None]:
    """What the database says, one time after the other; None for nothing at all."""
    found: list[bool | Exception | None] = []

    async def is_current(engine: object) -> bool:
        answer = found.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await asyncio.Event().wait()
        return bool(answer)

    monkeypatch.setattr("taskflow.migration.is_current", is_current)
    return found


async def test_it_waits(answers: list[bool | Exception | None], capsys: pytest.CaptureFixture[str]) -> None:
    lost = sa.exc.OperationalError("SELECT 1", None, ConnectionResetError(2013, "Lost connection"))
    answers += [False, False, lost, lost, True]
    await wait_for_migration(resources(5))
    assert answers == []
    assert capsys.readouterr().err.splitlines() == [
        "The database is not migrated yet: waiting for `taskflow migrate`",
        "The database is away again: waiting for it",
    ]


async def test_it_asks_again_when_the_database_falls_silent(
    answers: list[bool | Exception | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.migration.ANSWER", timedelta(milliseconds=100))
    answers += [None, True]
    async with asyncio.timeout(10):
        await wait_for_migration(resources(2))
    assert answers == []


async def test_it_does_not_wait_for_ever(answers: list[bool | Exception | None]) -> None:
    answers += [False, False]
    with pytest.raises(StartError, match="run `taskflow migrate`"):
        await wait_for_migration(resources(2))
