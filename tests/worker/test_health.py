"""A worker's own loops are noted while they turn; one consumer that is deaf is enough to be missed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from taskflow.infra.liveness import Liveness
from taskflow.worker.health import keep_health
from tests.contracts.waiting import eventually
from tests.worker.bench import Bench


@pytest.mark.parametrize(("well", "missed"), [((True, True), False), ((True, False), True), ((False, True), True)])
async def test_every_consumer_has_to_be_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, well: tuple[bool, bool], missed: bool
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(Liveness, "note", lambda self, name: noted.append(name))
    monkeypatch.setattr("taskflow.worker.health.LOOK_EVERY", 0.001)
    slots = SimpleNamespace(stuck_for=lambda: 0.0)
    intakes: Any = [SimpleNamespace(slots=slots, consumer=SimpleNamespace(is_well=one)) for one in well]
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_health(bench.resources, intakes, stop))

    async def is_kept() -> bool:
        return bool(noted)

    await eventually(is_kept)
    stop.set()
    await keeping
    assert ("consumer" not in noted) is missed
