"""One run: the fleet, the load, the watchers, the faults; then rest, evidence, judgement."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from tests.chaos import collect, ownership
from tests.chaos.checker import check
from tests.chaos.evidence import Evidence
from tests.chaos.faults import inflict
from tests.chaos.faults.world import World, noted
from tests.chaos.fleet import JOURNAL, LEASE, open_fleet
from tests.chaos.load import Load, open_load
from tests.chaos.schedule import Fault, schedule
from tests.chaos.servers import Servers, delete_queues, empty_database
from tests.chaos.strangers import Strangers
from tests.chaos.watch import Watchers, open_watchers
from tests.contracts.proxy import open_proxy
from tests.integration.program import run as run_command

REST: Final = 60.0
"""Seconds within which all is quiet again after the last fault and the last create."""
CATCH_UP: Final = 20.0
"""Seconds that watchers have after that."""
SETTLED: Final = 3


@dataclass
class Report:
    """What a run came to."""

    seed: int
    faults: list[Fault] = field(default_factory=list)
    tasks: int = 0
    recovery: float = 0.0
    """Seconds from the end of a fault to the end of some task that was asked for after it; the longest."""
    silence: float = 0.0
    """Seconds without any change that a subscriber heard, under load; the longest."""
    rest: float = 0.0
    """Seconds from the end of load and faults until all was quiet."""
    lost: int = 0
    """Attempts that were taken for lost."""
    starts: int = 0
    """Of handlers."""
    deaths: int = 0
    """Of processes that a handler ended."""
    retried: int = 0
    """Tasks that somebody asked to run again."""
    violations: list[str] = field(default_factory=list)


async def chaos(
    servers: Servers,
    folder: Path,
    *,
    seed: int,
    seconds: float,
    names: Sequence[str] = (),
    coming: Sequence[str] = (),
) -> Report:
    """With these faults and this load only, or with all."""
    report = Report(seed, schedule(seed, seconds, names))
    evidence = Evidence(LEASE)
    ends: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        world, load, watchers = await _open(stack, servers, folder, evidence, seed, ends, coming)
        began = time.monotonic()
        await _disturb(world, load, report.faults, seconds)
        await _rest(world, load, report)
        evidence.unanswered = len(load.asking)
        report.silence = watchers.longest_silence(began, began + seconds)
        report.recovery = _recovery(evidence, ends)
        await _gather(world, watchers, folder, evidence)
        await world.fleet.stop()
    collect.read_logs(folder, evidence)
    report.tasks = len(evidence.rows)
    for member in world.fleet.members.values():
        evidence.lives |= {life.pid: life for life in member.lives}
    report.starts, report.lost = len(evidence.runs), len(ownership.losses(evidence))
    report.deaths, report.retried = len(evidence.deaths), len(evidence.retries)
    report.violations = check(evidence)
    return report


async def _open(
    stack: AsyncExitStack,
    servers: Servers,
    folder: Path,
    evidence: Evidence,
    seed: int,
    ends: dict[str, float],
    coming: Sequence[str],
) -> tuple[World, Load, Watchers]:
    world = await stack.enter_async_context(_world(servers, folder, evidence))
    urls = [one.url for one in world.fleet.apis]
    evidence.epoch = await collect.read_clock(world.engine)
    strangers = Strangers(world.engine, servers.rabbitmq.url, random.Random(f"load {seed}"), evidence)
    load = await stack.enter_async_context(open_load(urls, strangers, evidence, folder / JOURNAL, coming))

    def on_end(task: str, status: str) -> None:
        load.ended(task, status)
        ends.setdefault(task, time.monotonic())

    watchers = await stack.enter_async_context(open_watchers(urls, on_end))
    async with asyncio.timeout(REST):
        while not watchers.all_hear():
            await load.create("quick")
            await asyncio.sleep(0.1)
    load.watched = True
    return world, load, watchers


@asynccontextmanager
async def _world(servers: Servers, folder: Path, evidence: Evidence) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(empty_database(servers.database))
        await delete_queues(servers.rabbitmq)
        url = engine.url.render_as_string(hide_password=False)
        near = {"DB_URL": url, "RABBITMQ_URL": servers.rabbitmq.url, "REDIS_URL": servers.redis.url}
        relays = {name: await stack.enter_async_context(open_proxy(target)) for name, target in near.items()}
        code, _, error = await run_command(near, "migrate")
        assert code == 0, error
        far = {name: relay.url for name, relay in relays.items()}
        fleet = await stack.enter_async_context(open_fleet(folder, near, far))
        yield World(fleet, servers, engine, [*relays.values()], evidence)


async def _disturb(world: World, load: Load, faults: Sequence[Fault], seconds: float) -> None:
    """All of the schedule."""

    async def later(fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        with noted(world.evidence.faults, fault.name):
            await inflict(world, fault)

    poison = asyncio.create_task(load.strangers.poison())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(seconds))
            for fault in faults:
                group.create_task(later(fault))
    finally:
        poison.cancel()
        await asyncio.wait([poison])


async def _rest(world: World, load: Load, report: Report) -> None:
    """Until nothing is under way, several times in a row."""
    began, quiet = time.monotonic(), 0
    while quiet < SETTLED and time.monotonic() - began < REST:
        await asyncio.sleep(0.5)
        with suppress(sa.exc.DBAPIError):
            quiet = 0 if load.asking or await collect.count_unfinished(world.engine) else quiet + 1
    report.rest = time.monotonic() - began - (0.5 * SETTLED)


async def _gather(world: World, watchers: Watchers, folder: Path, evidence: Evidence) -> None:
    async with AsyncExitStack() as stack:
        stack.enter_context(suppress(TimeoutError))
        async with asyncio.timeout(CATCH_UP):
            await _caught_up(world, watchers)
    await collect.read_tables(world.engine, evidence)
    collect.read_journal(folder / JOURNAL, evidence)
    evidence.waiting = await collect.depths(world.servers.rabbitmq)
    evidence.dead = await collect.read_dead_letters(world.servers.rabbitmq)
    evidence.seen = {name: one.versions for name, one in watchers.subscribers.items()}
    evidence.disorder = [event for one in watchers.subscribers.values() for event in one.out_of_order]
    evidence.feeds = [heard for feed in watchers.feeds for heard in feed.connections]


async def _caught_up(world: World, watchers: Watchers) -> None:
    latest = await collect.versions(world.engine)
    while not watchers.have_seen(latest):  # noqa: ASYNC110 - of two of them, and of many tasks
        await asyncio.sleep(0.2)
    while any(sum(one) for one in (await collect.depths(world.servers.rabbitmq)).values()):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.2)


def _recovery(evidence: Evidence, ends: dict[str, float]) -> float:
    """Of what was accepted after a fault, and after those that it overlapped: the first that ended."""
    longest, over = 0.0, evidence.faults
    for at in (one.ended for one in over if not any(other.began < one.ended < other.ended for other in over)):
        later = [ends[task] for task, asked in evidence.accepted.items() if asked.at > at and task in ends]
        longest = max(longest, min(later, default=at) - at)
    return longest
