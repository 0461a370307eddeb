"""Faults of the database: gone, silent, without its connections, read-only, with rows locked by somebody else."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.chaos.faults.world import World, noted
from tests.chaos.servers import as_root

UNENDED = "SELECT id FROM tasks WHERE status IN ('PENDING', 'PROCESSING') ORDER BY id"


async def kill_connections(world: World, lasts: float, chance: random.Random) -> None:
    """All of them, again and again."""
    database = world.engine.url.database
    listed = f"SELECT id FROM information_schema.processlist WHERE db = '{database}'"
    async with world.database:
        until = time.monotonic() + lasts
        with noted(world.evidence.outages, "connections killed"):
            while time.monotonic() < until:
                for row in await as_root(world.servers.database, listed):
                    with suppress(sa.exc.DBAPIError):  # it has ended by itself
                        await as_root(world.servers.database, f"KILL {row[0]}")
                await asyncio.sleep(0.3)


async def restart(world: World, lasts: float, chance: random.Random) -> None:
    """As a crash would."""
    server = world.servers.database
    async with world.database:
        with noted(world.evidence.outages, "restarted"):
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)


async def go_away(world: World, lasts: float, chance: random.Random) -> None:
    server = world.servers.database
    async with world.database:
        with noted(world.evidence.outages, "away"):
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(lasts)
            await asyncio.to_thread(server.start)


async def go_away_while_a_worker_stops(world: World, lasts: float, chance: random.Random) -> None:
    """What it gives back can't be recorded."""
    server, member = world.servers.database, chance.choice(world.fleet.workers)
    async with world.database, member.held():
        with noted(world.evidence.outages, "away"):
            await asyncio.to_thread(server.stop)
            try:
                await asyncio.gather(member.stop(), asyncio.sleep(lasts))
            finally:
                await asyncio.to_thread(server.start)
        await member.start()


async def hang(world: World, lasts: float, chance: random.Random) -> None:
    server = world.servers.database
    async with world.database:
        with noted(world.evidence.outages, "hangs"):
            server.signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(lasts)
            finally:
                server.signal(signal.SIGCONT)


async def lock_rows(world: World, lasts: float, chance: random.Random) -> None:
    """For longer than anybody waits for a lock: of some that run or wait."""
    async with world.database, world.engine.connect() as connection:
        rows = (await connection.execute(sa.text(UNENDED))).all()
        some = chance.sample([row[0] for row in rows], min(3, len(rows)))
        with noted(world.evidence.outages, "rows locked"):
            world.evidence.locked.update(some)
            await _lock(connection, some)
            await asyncio.sleep(lasts)
            await connection.rollback()


async def deadlock(world: World, lasts: float, chance: random.Random) -> None:
    """Rows locked in the order that is nobody else's."""
    async with world.database:
        until = time.monotonic() + lasts
        while time.monotonic() < until:
            with suppress(sa.exc.DBAPIError):  # often the victim is this
                async with world.engine.connect() as connection:
                    rows = (await connection.execute(sa.text(f"{UNENDED} DESC LIMIT 12"))).all()
                    for row in rows:
                        await _lock(connection, [row[0]])
                        await asyncio.sleep(0.01)
                    await connection.rollback()
            await asyncio.sleep(0.05)


async def _lock(connection: AsyncConnection, ids: list[str]) -> None:
    for one in ids:
        with suppress(sa.exc.OperationalError):  # somebody else has it for long
            await connection.execute(sa.text("SELECT id FROM tasks WHERE id = :id FOR UPDATE"), {"id": one})


async def be_read_only(world: World, lasts: float, chance: random.Random) -> None:
    server = world.servers.database
    async with world.database:
        with noted(world.evidence.outages, "read-only"):
            await as_root(server, "SET GLOBAL read_only = 1")
            try:
                await asyncio.sleep(lasts)
            finally:
                await as_root(server, "SET GLOBAL read_only = 0")
