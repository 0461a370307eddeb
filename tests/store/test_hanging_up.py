"""A server that takes a connection and resets it at once, as one that is killed does: it is out of reach, no more."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.infra.database import create_engine
from tests.contracts.proxy import open_proxy
from tests.store.databases import Maker


async def test_a_server_that_hangs_up_at_once_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asyncmy raises then on uvloop, once in fifteen times, where no errno or class of its own says so."""

    async def connect(**options: Any) -> None:
        raise RuntimeError("Transport does not expose socket instance")

    monkeypatch.setattr("asyncmy.connect", connect)
    engine = create_engine("mysql+asyncmy://root@127.0.0.1:9/taskflow")
    with pytest.raises(StoreUnavailable):
        await queries.last_event_id(engine)
    await engine.dispose()


async def test_a_server_that_falls_silent_before_a_read_is_over_is_unavailable(
    maker: Maker, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer and the end of the transaction, which SQLAlchemy would wait for, cancelled or not."""
    if maker.backend == "sqlite":
        pytest.skip("no network")
    monkeypatch.setattr("taskflow.db.transaction.PATIENCE", timedelta(seconds=0.5))
    async with open_proxy(migrated) as proxy:
        engine = create_engine(proxy.url)

        @sa.event.listens_for(engine.sync_engine, "rollback")
        def fall_silent(connection: sa.Connection) -> None:
            proxy.silence()

        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await queries.last_event_id(engine)
        assert time.monotonic() - began < 10
        sa.event.remove(engine.sync_engine, "rollback", fall_silent)
        assert await queries.last_event_id(engine) >= 0
        await engine.dispose()
