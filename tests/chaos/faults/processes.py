"""Faults of our own processes: killed, stopped by a signal for longer than a lease, replaced, with another clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from tests.chaos.faults.world import World, noted

Inflict = Callable[[World, float, random.Random], Awaitable[None]]


def kill(*names: str) -> Inflict:
    """kill -9 of one of them; started again after a while."""

    async def inflict(world: World, lasts: float, chance: random.Random) -> None:
        member = world.fleet.members[chance.choice(names)]
        async with member.held():
            await member.kill()
            await asyncio.sleep(lasts)
            await member.start()

    return inflict


def stop(*names: str) -> Inflict:
    """SIGTERM to one of them; started again after a while."""

    async def inflict(world: World, lasts: float, chance: random.Random) -> None:
        member = world.fleet.members[chance.choice(names)]
        async with member.held():
            await member.stop()
            await asyncio.sleep(lasts)
            await member.start()

    return inflict


async def kill_every_worker(world: World, lasts: float, chance: random.Random) -> None:
    async with AsyncExitStack() as stack:
        for member in world.fleet.workers:
            await stack.enter_async_context(member.held())
        for member in world.fleet.workers:
            await member.kill()
        await asyncio.sleep(lasts)
        await asyncio.gather(*(member.start() for member in world.fleet.workers))


def freeze(*names: str) -> Inflict:
    """SIGSTOP to one of them, and SIGCONT."""

    async def inflict(world: World, lasts: float, chance: random.Random) -> None:
        member = world.fleet.members[chance.choice(names)]
        async with member.held():
            with noted(world.evidence.stalls[member.pid], "SIGSTOP"), member.frozen():
                await asyncio.sleep(lasts)

    return inflict


async def deploy(world: World, lasts: float, chance: random.Random) -> None:
    """SIGTERM to one after the other, each replaced at once."""
    for member in chance.sample(sorted(world.fleet.members.values(), key=lambda one: one.name), 3):
        async with member.held():
            await member.stop()
            await member.start()


def step_clock(seconds: float) -> Inflict:
    """One process has another time than all others for a while."""

    async def inflict(world: World, lasts: float, chance: random.Random) -> None:
        member = world.fleet.members[chance.choice(sorted(world.fleet.members))]
        with noted(world.evidence.clocks, f"{member.name} {seconds:+} s"):
            member.step_clock(seconds)
            try:
                await asyncio.sleep(lasts)
            finally:
                member.step_clock(0.0)

    return inflict
