"""How each service is started from its programs, on a port and a data folder of its own, on loopback only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.services.machine import Machine, MissingError
from tests.services.probe import OLDEST, Service
from tests.services.server import Record, Server

Recipe = Callable[[Machine, Path, int], tuple[list[list[str]], dict[str, str]]]


def new_server(service: Service, machine: Machine, *, owner: int, options: Sequence[str] = ()) -> Server:
    """A server with fresh data, not started yet. Raises MissingError when the programs are not there or too old.

    `options` are added to its command.
    """
    recipe, url = RECIPES[service]
    data, port = machine.new_folder(service), free_port()
    try:
        commands, environment = recipe(machine, data, port)
    except BaseException:
        shutil.rmtree(data)
        raise
    commands[-1] += options
    record = Record(service, url.format(port=port), str(data), owner)
    return Server(record, machine, commands, os.environ | environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mysql(machine: Machine, data: Path, port: int) -> tuple[list[list[str]], dict[str, str]]:
    program = machine.program("mysqld")
    if machine.says(program, "MariaDB"):
        raise MissingError("the mysqld here is MariaDB's")
    _check_version(machine, "mysql", program)
    base = [program, "--no-defaults", f"--datadir={machine.inside(data)}/data", *_as_root()]
    _prepare(machine, data, [*base, "--initialize-insecure"])
    quick = ["--skip-log-bin", "--innodb-flush-log-at-trx-commit=2", "--performance-schema=OFF"]
    return [[*base, *_listen(machine, data, port), "--mysqlx=OFF", *quick]], {}


def mariadb(machine: Machine, data: Path, port: int) -> tuple[list[list[str]], dict[str, str]]:
    program = machine.program("mariadbd")
    _check_version(machine, "mariadb", program)
    base = ["--no-defaults", f"--datadir={machine.inside(data)}/data", *_as_root()]
    install = machine.program("mariadb-install-db")
    _prepare(machine, data, [install, *base, "--auth-root-authentication-method=normal", "--skip-test-db"])
    return [[program, *base, *_listen(machine, data, port), "--innodb-flush-log-at-trx-commit=2"]], {}


def redis(machine: Machine, data: Path, port: int) -> tuple[list[list[str]], dict[str, str]]:
    program = machine.program("redis-server")
    _check_version(machine, "redis", program)
    memory = ["--save", "", "--appendonly", "no"]
    return [[program, "--bind", "127.0.0.1", "--port", str(port), "--dir", machine.inside(data), *memory]], {}


def rabbitmq(machine: Machine, data: Path, port: int) -> tuple[list[list[str]], dict[str, str]]:
    """The broker and the name server of its Erlang, which would otherwise stay behind as a daemon."""
    program, epmd = machine.program("rabbitmq-server"), machine.program("epmd")
    here, names = machine.inside(data), str(free_port())
    settings = [
        "vm_memory_calculation_strategy = allocated",
        "vm_memory_high_watermark.absolute = 1GB",
    ]  # no /proc needed
    (data / "rabbitmq.conf").write_text("\n".join(settings) + "\n")
    environment = {
        "HOME": here,  # the Erlang cookie
        "ERL_EPMD_PORT": names,
        "RUNNING_UNDER_SYSTEMD": "true",  # no shell around the broker
        "RABBITMQ_NODENAME": f"taskflow-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": f"{here}/data",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": f"{here}/rabbitmq",
        "RABBITMQ_CONF_ENV_FILE": f"{here}/no-environment",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{here}/no-plugins",
    }
    return [[epmd, "-port", names, "-address", "127.0.0.1"], [program]], environment


RECIPES: dict[Service, tuple[Recipe, str]] = {
    "mysql": (mysql, "mysql+asyncmy://root@127.0.0.1:{port}/"),
    "mariadb": (mariadb, "mysql+asyncmy://root@127.0.0.1:{port}/"),
    "rabbitmq": (rabbitmq, "amqp://guest:guest@127.0.0.1:{port}/"),
    "redis": (redis, "redis://127.0.0.1:{port}/0"),
}


def _check_version(machine: Machine, service: Service, program: str) -> None:
    version = machine.version(program)
    if version < OLDEST[service]:
        raise MissingError(f"{program} is version {'.'.join(map(str, version))}, too old")


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _listen(machine: Machine, data: Path, port: int) -> list[str]:
    here = machine.inside(data)
    files = [f"--socket={here}/socket", f"--pid-file={here}/pid", "--secure-file-priv="]
    return [f"--port={port}", "--bind-address=127.0.0.1", *files]


def _prepare(machine: Machine, data: Path, command: list[str]) -> None:
    done = subprocess.run(machine.enter(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise MissingError(f"an empty database can't be made: {' | '.join(said)}")
