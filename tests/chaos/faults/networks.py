"""Faults of the relay between two of our processes and the services: slow, cut, silent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.evidence import Span
from tests.chaos.faults.world import World, noted
from tests.contracts.proxy import Proxy

UNHEARD = 22.0
"""Seconds until a transaction on a connection that has gone silent is given up."""


@contextmanager
def _stalling(world: World, why: str, longer: float = 0.0) -> Iterator[None]:
    """It is a cause of losses for whoever is behind the relay, or has come there meanwhile."""
    spans: list[Span] = []
    try:
        with noted(spans, why, longer):
            yield
    finally:
        for member in world.fleet.far:
            for pid in member.pids:
                world.evidence.stalls[pid] += spans


def _some(world: World, chance: random.Random) -> list[Proxy]:
    """Often all links, else one of them."""
    return world.relays if chance.random() < 0.5 else [chance.choice(world.relays)]


async def slow(world: World, lasts: float, chance: random.Random) -> None:
    async with world.network:
        delay, some = chance.uniform(0.02, 0.3), _some(world, chance)
        with _stalling(world, "slow network"):
            for relay in some:
                relay.delay = delay
            try:
                await asyncio.sleep(lasts)
            finally:
                for relay in some:
                    relay.delay = 0.0


async def cut(world: World, lasts: float, chance: random.Random) -> None:
    async with world.network:
        some = _some(world, chance)
        with _stalling(world, "cut network"):
            for relay in some:
                await relay.go_away()
            await asyncio.sleep(lasts)
            for relay in some:
                await relay.listen()


async def silence(world: World, lasts: float, chance: random.Random) -> None:
    """Half-open: connections stand, and nothing passes."""
    async with world.network:
        some = _some(world, chance)
        with _stalling(world, "silent network", UNHEARD):
            for relay in some:
                relay.freeze()
            await asyncio.sleep(lasts)
            for relay in some:
                relay.thaw()
