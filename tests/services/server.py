"""A server that we started, and the record of it that outlives us, so that none is ever left behind."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services.machine import Machine, MissingError, cache_folder, say
from tests.services.probe import Found, ProbeError, Service, probe

START_SECONDS = 90.0


@dataclass(frozen=True)
class Record:
    """What runs for one service; `owner` is the process that will stop it, 0 when only `stop` does.

    Its file stays locked for as long as one of the service's processes lives, since they inherit the lock. So a record
    never leads to a process that is not ours, even when its number has been used again.
    """

    service: Service
    url: str
    data: str
    owner: int
    groups: tuple[int, ...] = ()

    @property
    def path(self) -> Path:
        return cache_folder("running") / f"{Path(self.data).name}.json"


class Server:
    """One service of our own: processes on a data folder. `start` again after `stop` or `kill`; `close` for good."""

    def __init__(
        self, record: Record, machine: Machine, commands: list[list[str]], environment: dict[str, str]
    ) -> None:
        self._record = record
        self._machine = machine
        self._commands = commands
        self._environment = environment
        self._processes: list[subprocess.Popen[bytes]] = []
        self._file = record.path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    @property
    def url(self) -> str:
        return self._record.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Found:
        """Start the processes and wait until the service answers. Raises MissingError when it does not."""
        with (Path(self._record.data) / "log").open("ab") as log:
            for command in self._commands:
                self._processes.append(self._spawn(self._machine.enter(command), log.fileno()))
                self._write()
        return self._wait()

    def _spawn(self, command: list[str], log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[self._file.fileno()],
            start_new_session=True,  # Ctrl-C is for the tests; the servers go when the tests are done
        )

    def _write(self) -> None:
        groups = tuple(process.pid for process in self._processes)
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(asdict(self._record) | {"groups": groups}))
        self._file.flush()

    def _wait(self) -> Found:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return probe(self._record.service, self.url)
            except ProbeError as error:
                if any(process.poll() is not None for process in self._processes):
                    raise MissingError(f"it ended while it started: {self._tail()}") from error
                if time.monotonic() > deadline:
                    raise MissingError(f"{error} after {START_SECONDS:.0f} s: {self._tail()}") from error
            time.sleep(0.1)

    def _tail(self) -> str:
        log = (Path(self._record.data) / "log").read_text(errors="replace")
        return " | ".join(log.strip().splitlines()[-3:])

    def stop(self) -> None:
        """Have the service end as its own operator would. Its data stays."""
        self._processes[-1].terminate()
        self._processes[-1].wait(START_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the processes as a crash would. Their data stays."""
        for process in self._processes:
            _kill(process.pid)
            process.wait()
        self._processes.clear()

    def signal(self, number: signal.Signals) -> None:
        """To the service itself, as SIGSTOP, after which it is there and answers nobody."""
        os.killpg(self._processes[-1].pid, number)

    def operate(self, tool: str, *arguments: str) -> str:
        """What one of the service's own tools prints that its operator uses. Raises CalledProcessError."""
        command = self._machine.enter([self._machine.program(tool), *arguments])
        done = subprocess.run(
            command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        )
        return done.stdout

    def close(self) -> None:
        """End the processes and delete their data. Nothing is to be kept, so nobody waits for a clean shutdown."""
        self.kill()
        shutil.rmtree(self._record.data, ignore_errors=True)
        self._record.path.unlink(missing_ok=True)
        self._file.close()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def records() -> list[tuple[Record, bool]]:
    """What runs here by our doing, and whether it still lives."""
    found = []
    for path in sorted(cache_folder("running").glob("*.json")):
        with suppress(FileNotFoundError, ValueError), path.open() as file:
            content = json.loads(file.read())
            content["groups"] = tuple(content["groups"])
            found.append((Record(**content), not _free(file.fileno())))
    return found


def _free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def kept(service: Service) -> str | None:
    """The URL of a server that `start` left running."""
    return next((r.url for r, alive in records() if alive and r.service == service and r.owner == 0), None)


def stop(record: Record) -> None:
    """End a server that another process started, and delete its data."""
    with suppress(FileNotFoundError), record.path.open() as file:
        for group in () if _free(file.fileno()) else record.groups:
            _kill(group)
        while not _free(file.fileno()):
            time.sleep(0.02)
    shutil.rmtree(record.data, ignore_errors=True)
    record.path.unlink(missing_ok=True)


def clear() -> None:
    """Stop what a killed run left behind, and forget what has died."""
    for record, alive in records():
        if not alive or (record.owner and not _lives(record.owner)):
            if alive:
                say(f"{record.service}: stopping the one that an earlier run left behind")
            stop(record)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
