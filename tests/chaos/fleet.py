"""The processes of a run: started, killed, stopped and started again, each with a clock and a record of its lives."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.evidence import Life
from tests.integration.program import START_SECONDS, Program, free_port

LEASE: Final = 4.0
JOURNAL: Final = "journal"
SITE: Final = Path(__file__).with_name("clock")
READY: Final = {"api": "serving", "worker": "worker started"}
STOP_SECONDS: Final = 30.0


@dataclass(eq=False)
class Member:
    """One place in the fleet, and who fills it. `lock` is held by whatever is done to it."""

    name: str
    settings: Mapping[str, str]
    folder: Path
    port: int = field(default_factory=free_port)
    program: Program | None = None
    lives: list[Life] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.step_clock(0.0)

    @property
    def command(self) -> str:
        return "api" if self.name.startswith("api") else "worker"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> Iterator[int]:
        return (life.pid for life in self.lives)

    @property
    def pid(self) -> int:
        return self.lives[-1].pid

    def step_clock(self, seconds: float) -> None:
        with (self.folder / f"{self.name}.clock").open("r+b" if self.lives else "wb") as file:
            file.write(struct.pack("d", seconds))

    async def start(self) -> None:
        """Until it does its work; again and again while what it needs is away."""
        arguments = [self.command, *(["--port", str(self.port)] if self.command == "api" else [])]
        clock = {"CHAOS_CLOCK": str(self.folder / f"{self.name}.clock"), "PYTHONPATH": str(SITE)}
        deadline = time.monotonic() + 2 * START_SECONDS
        while True:
            log = self.folder / f"{self.name}-{len(self.lives)}.log"
            self.program = await Program.start(log, dict(self.settings) | clock, *arguments)
            life = Life(self.name, self.program.pid, time.monotonic(), is_up=False)
            self.lives.append(life)
            try:
                await self.program.says(lambda line: line.get("event") == READY[self.command])
            except AssertionError:
                life.ended, life.how = time.monotonic(), "did not start"
                if time.monotonic() > deadline:
                    raise
                continue
            life.is_up = True
            return

    async def kill(self) -> None:
        life = self.lives[-1]
        life.how = life.how or "killed"
        assert self.program
        life.ended = time.monotonic()
        await self.program.kill()

    async def stop(self) -> None:
        """Politely; killed when that takes too long."""
        life = self.lives[-1]
        assert self.program
        life.how, life.told_to_stop = "stopped", time.monotonic()
        with suppress(ProcessLookupError):  # a handler has ended it
            self.program.signal(signal.SIGTERM)
        try:
            life.code = await self.program.exit_code(within=STOP_SECONDS)
        except TimeoutError:
            life.how = "did not stop"
            await self.program.kill()
        life.ended = time.monotonic()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # a handler has ended it
            os.kill(self.pid, number)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """It runs, and nobody else does anything to it meanwhile."""
        async with self.lock:
            program, life = self.program, self.lives[-1]
            if program is not None and program.process.returncode is not None and not life.how:
                life.how, life.ended, life.code = "by itself", time.monotonic(), program.process.returncode
                await self.start()
            yield

    async def watch(self) -> None:
        """Start it again when it ends by itself."""
        while True:
            await asyncio.sleep(0.2)
            async with self.held():
                pass


@dataclass
class Fleet:
    """Two of them, `far`, reach the services by a relay."""

    members: dict[str, Member]

    @property
    def apis(self) -> list[Member]:
        return [one for one in self.members.values() if one.command == "api"]

    @property
    def workers(self) -> list[Member]:
        return [one for one in self.members.values() if one.name.startswith("worker")]

    @property
    def far(self) -> list[Member]:
        return [self.members["api-1"], self.members["worker-1"]]

    async def stop(self) -> None:
        await asyncio.gather(*(one.stop() for one in self.members.values() if _runs(one)))


def _runs(member: Member) -> bool:
    return member.program is not None and member.program.process.returncode is None


@asynccontextmanager
async def open_fleet(folder: Path, near: Mapping[str, str], far: Mapping[str, str]) -> AsyncIterator[Fleet]:
    """All of it started. What still runs in the end is killed, by its number."""
    common = {
        "WORKER_HANDLERS": "tests.chaos.handlers",
        "WORKER_LEASE": str(LEASE),
        "WORKER_REPUBLISH_AFTER": "3",
        "WORKER_PREFETCH": "6",
        "WORKER_SHUTDOWN_TIMEOUT": "2",
        "DB_CONNECT_BACKOFF": "0.5",
        "RABBITMQ_CONNECT_BACKOFF": "0.5",
        "LOG_FORMAT": "json",
        "CHAOS_JOURNAL": str(folder / JOURNAL),
    }
    wanted: dict[str, Mapping[str, str]] = {"api-0": near, "api-1": far, "worker-0": near, "worker-1": far}
    wanted |= {"worker-2": near, "dispatcher": {**near, "WORKER_QUEUES": "nobodys"}}
    fleet = Fleet({name: Member(name, {**common, **settings}, folder) for name, settings in wanted.items()})
    watches: list[asyncio.Task[None]] = []
    try:
        await asyncio.gather(*(one.start() for one in fleet.members.values()))
        watches = [asyncio.create_task(one.watch()) for one in fleet.members.values()]
        yield fleet
    finally:
        for watch in watches:
            watch.cancel()
        for one in fleet.members.values():
            if _runs(one):
                await one.kill()
