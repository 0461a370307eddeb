"""A database that is lost, or falls silent, while a process opens it is waited for like one that is not there yet."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.infra import database
from taskflow.infra.database import DatabaseUnavailable, open_database
from taskflow.infra.errors import StartError
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import Settings


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/tasks.db"


def opened(url: str, *, attempts: int, backoff: timedelta = timedelta()) -> AbstractAsyncContextManager[AsyncEngine]:
    return open_database(url, attempts=attempts, backoff=backoff, payload_max_bytes=9)


async def lost() -> None:
    raise sa.exc.OperationalError("SELECT 1", None, ConnectionResetError(2013, "Lost connection"))


async def silent() -> None:
    await asyncio.Event().wait()


async def answers() -> None:
    pass


async def small() -> None:
    raise StartError("max_allowed_packet is 1024 bytes")


@pytest.fixture
def comes(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Awaitable[None]]]:
    """What comes of the question for `max_allowed_packet`, one time after the other."""
    found: list[Callable[[], Awaitable[None]]] = []

    async def check_packets(engine: AsyncEngine, payload_max_bytes: int) -> None:
        await found.pop(0)()

    async def ping(engine: AsyncEngine) -> None:
        """At once: the only one that takes time is who is silent."""

    monkeypatch.setattr(database, "ping", ping)
    monkeypatch.setattr(database, "check_packets", check_packets)
    monkeypatch.setattr(database, "ANSWER", timedelta(milliseconds=200))
    return found


async def test_it_is_waited_for(comes: list[Callable[[], Awaitable[None]]], url: str) -> None:
    comes += [lost, silent, lost, answers]
    async with asyncio.timeout(10), opened(url, attempts=4):
        assert comes == []


async def test_it_is_not_waited_for_for_ever(comes: list[Callable[[], Awaitable[None]]], url: str) -> None:
    comes += [lost, silent]
    with pytest.raises(DatabaseUnavailable, match="can't be reached, tried 2 times"):
        async with asyncio.timeout(10), opened(url, attempts=2):
            pass


async def test_what_waiting_does_not_mend_is_said_at_once(comes: list[Callable[[], Awaitable[None]]], url: str) -> None:
    comes += [small]
    with pytest.raises(StartError, match="1024 bytes"):
        async with asyncio.timeout(10), opened(url, attempts=9, backoff=timedelta(minutes=1)):
            pass


async def test_every_process_asks_whether_its_payloads_fit(
    comes: list[Callable[[], Awaitable[None]]], url: str
) -> None:
    comes += [small]
    with pytest.raises(StartError, match="1024 bytes"):
        async with open_resources(Settings(db_url=url, rabbitmq_url="memory://", redis_url="memory://")):
            pass
