"""A server that takes a connection and resets it at once, as one that is killed does: it is out of reach, no more."""

from __future__ import annotations

from typing import Any

import pytest

from taskflow.db import queries
from taskflow.db.errors import StoreUnavailable
from taskflow.infra.database import create_engine


async def test_a_server_that_hangs_up_at_once_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asyncmy raises then on uvloop, once in fifteen times, where no errno or class of its own says so."""

    async def connect(**options: Any) -> None:
        raise RuntimeError("Transport does not expose socket instance")

    monkeypatch.setattr("asyncmy.connect", connect)
    engine = create_engine("mysql+asyncmy://root@127.0.0.1:9/taskflow")
    with pytest.raises(StoreUnavailable):
        await queries.last_event_id(engine)
    await engine.dispose()
