"""Two Redis servers and a Sentinel that says which of them is the master, for a test that lets the master die."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from tests.services.debian import built
from tests.services.machine import Machine, MissingError
from tests.services.recipes import free_port
from tests.services.server import Record, Server

SERVICE = "tasks"
PASSWORD = "of-redis"
SENTINEL_PASSWORD = "of-sentinel"
KNOWN_SECONDS = 10.0


@dataclass(frozen=True)
class Group:
    master: Server
    replica: Server
    sentinel: Server

    @property
    def url(self) -> str:
        """As REDIS_URL; of the two Sentinels that it names the first is not there."""
        hosts = f"127.0.0.1:9,127.0.0.1:{urlsplit(self.sentinel.url).port}"
        return f"redis+sentinel://:{PASSWORD}@{hosts}/{SERVICE}/0?sentinel_password={SENTINEL_PASSWORD}"

    def wait_until_known(self) -> None:
        """Until the Sentinel could make the replica the master."""
        deadline = time.monotonic() + KNOWN_SECONDS
        with Redis.from_url(self.sentinel.url) as sentinel:
            while True:
                replicas: Any = sentinel.sentinel_slaves(SERVICE)
                if any(one["master-link-status"] == "ok" for one in replicas):
                    return
                if time.monotonic() > deadline:
                    raise MissingError(f"the Sentinel knows no replica after {KNOWN_SECONDS:.0f} s")
                time.sleep(0.05)


@contextmanager
def sentinel_group() -> Iterator[Group | None]:
    """None where there are no programs for it. The Sentinel knows both before the body begins."""
    for machine in (Machine(), built("redis")):
        if machine is not None and (program := _program(machine)):
            with ExitStack() as stack:
                group = _group(stack, machine, program)
                group.wait_until_known()
                yield group
            return
    yield None


def _program(machine: Machine) -> str | None:
    try:
        return machine.program("redis-server")
    except MissingError:
        return None


def _group(stack: ExitStack, machine: Machine, program: str) -> Group:
    master, at = _redis(stack, machine, program)
    replica, _ = _redis(stack, machine, program, "--replicaof", "127.0.0.1", str(at))
    folder, port = machine.new_folder("redis"), free_port()
    settings = (
        f"bind 127.0.0.1\nport {port}\ndir {machine.inside(folder)}\nrequirepass {SENTINEL_PASSWORD}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {at} 1\nsentinel auth-pass {SERVICE} {PASSWORD}\n"
        f"sentinel down-after-milliseconds {SERVICE} 500\nsentinel failover-timeout {SERVICE} 2000\n"
    )
    (folder / "sentinel.conf").write_text(settings)
    command = [program, f"{machine.inside(folder)}/sentinel.conf", "--sentinel"]
    sentinel = _started(stack, machine, folder, f"redis://:{SENTINEL_PASSWORD}@127.0.0.1:{port}/0", command)
    return Group(master, replica, sentinel)


def _redis(stack: ExitStack, machine: Machine, program: str, *arguments: str) -> tuple[Server, int]:
    folder, port = machine.new_folder("redis"), free_port()
    listen = ["--bind", "127.0.0.1", "--port", str(port), "--dir", machine.inside(folder), "--save", ""]
    login = ["--requirepass", PASSWORD, "--masterauth", PASSWORD]
    command = [program, *listen, *login, "--repl-diskless-sync-delay", "0", *arguments]
    return _started(stack, machine, folder, f"redis://:{PASSWORD}@127.0.0.1:{port}/0", command), port


def _started(stack: ExitStack, machine: Machine, folder: Path, url: str, command: list[str]) -> Server:
    record = Record("redis", url, str(folder), os.getpid())
    server = stack.enter_context(Server(record, machine, [command], dict(os.environ)))
    server.start()
    return server
