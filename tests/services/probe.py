"""What answers at an address: the handshakes of MySQL, MariaDB, RabbitMQ and Redis, spoken by hand.

Blocking, no driver, no event loop: a fixture may call it from anywhere. A login is tried with the URL's own name and
password, except for a database with a password, whose greeting has to do. Nothing is changed in a service here.
"""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

Service = Literal["mysql", "mariadb", "rabbitmq", "redis"]
SERVICES: tuple[Service, ...] = ("mysql", "mariadb", "rabbitmq", "redis")
OLDEST: dict[Service, tuple[int, ...]] = {"mysql": (8, 4), "mariadb": (10, 11), "rabbitmq": (3, 10), "redis": (7,)}
PATIENCE_SECONDS = 2.0


class ProbeError(Exception):
    """Why an address can't serve as the service asked for, as half a sentence: "nothing listens on …"."""


@dataclass(frozen=True)
class Found:
    """A service that answered: what it calls itself and its version, as in "MySQL", "8.4.6"."""

    product: str
    version: str

    def __str__(self) -> str:
        return f"{self.product} {self.version}"


def probe(service: Service, url: str) -> Found:
    """Say hello at `url`. Raises ProbeError when that is not the service, or too old a one, or turns the login down."""
    address = urlsplit(url)
    where = f"{address.hostname}:{address.port}"
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or 0), PATIENCE_SECONDS) as wire:
            found = _greet(service, wire, address)
    except OSError as error:
        raise ProbeError(f"nothing answers at {where} ({error})") from error
    except (struct.error, IndexError, ValueError) as error:
        raise ProbeError(f"what answers at {where} is not {service}") from error
    if _numbers(found.version) < OLDEST[service]:
        oldest = ".".join(map(str, OLDEST[service]))
        raise ProbeError(f"{found} at {where} is older than {oldest}, the oldest that TaskFlow supports")
    return found


def _greet(service: Service, wire: socket.socket, address: SplitResult) -> Found:
    if service == "redis":
        return _greet_redis(wire, address)
    if service == "rabbitmq":
        return _greet_rabbitmq(wire, address)
    found = _greet_database(wire, address)
    if found.product.lower() != service:
        raise ProbeError(f"{address.hostname}:{address.port} is {found}, not {service}")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _read(wire: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = wire.recv(size - len(data))
        if not chunk:
            raise ProbeError("it hung up (is the name or the password wrong?)")
        data += chunk
    return data


# --- MySQL and MariaDB: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html


def _greet_database(wire: socket.socket, address: SplitResult) -> Found:
    greeting = _read_packet(wire)
    if greeting[0] == 0xFF:
        raise ProbeError(f"it refuses the connection: {greeting[3:].decode(errors='replace')}")
    version = greeting[1 : greeting.index(0, 1)].decode()
    product = "MariaDB" if "mariadb" in version.lower() else "MySQL"
    if not address.password:
        _log_in_without_password(wire, unquote(address.username or "root"))
    return Found(product, version.removeprefix("5.5.5-").split("-")[0])


def _log_in_without_password(wire: socket.socket, user: str) -> None:
    protocol_41, secure_connection, plugin_auth = 0x200, 0x8000, 0x80000
    flags = protocol_41 | secure_connection | plugin_auth
    plugin = b"mysql_native_password\0"
    body = struct.pack("<IIB23x", flags, 1 << 24, 45) + user.encode() + b"\0" + b"\0" + plugin
    _write_packet(wire, 1, body)
    answer = _read_packet(wire)
    if answer[0] == 0xFE:  # "use this other plugin": an empty password is an empty answer in each of them
        _write_packet(wire, 3, b"")
        answer = _read_packet(wire)
    if answer[0] == 0xFF:
        raise ProbeError(f"it refuses {user} without a password: {answer[9:].decode(errors='replace')}")


def _read_packet(wire: socket.socket) -> bytes:
    header = _read(wire, 4)
    return _read(wire, int.from_bytes(header[:3], "little"))


def _write_packet(wire: socket.socket, number: int, body: bytes) -> None:
    wire.sendall(len(body).to_bytes(3, "little") + bytes([number]) + body)


# --- RabbitMQ: AMQP 0-9-1, sections 2.2.4 and 4.2


def _greet_rabbitmq(wire: socket.socket, address: SplitResult) -> Found:
    wire.sendall(b"AMQP\0\0\x09\x01")
    start = _read_method(wire, (10, 10))
    version = re.search(rb"\x07versionS....([\d.]+)", start, re.DOTALL)
    if version is None:
        raise ValueError("no version in Connection.Start")
    name, password = unquote(address.username or "guest"), unquote(address.password or "guest")
    response = f"\0{name}\0{password}".encode()
    start_ok = (
        struct.pack(">HHI", 10, 11, 0) + b"\x05PLAIN" + struct.pack(">I", len(response)) + response + b"\x05en_US"
    )
    wire.sendall(struct.pack(">BHI", 1, 0, len(start_ok)) + start_ok + b"\xce")
    _read_method(wire, (10, 30))  # Connection.Tune: the login was taken
    return Found("RabbitMQ", version[1].decode())


def _read_method(wire: socket.socket, wanted: tuple[int, int]) -> bytes:
    _, _, size = struct.unpack(">BHI", _read(wire, 7))
    payload = _read(wire, size + 1)[:-1]
    if struct.unpack(">HH", payload[:4]) != wanted:
        raise ProbeError(f"it answers {payload[:40]!r} (is the name or the password wrong?)")
    return payload


# --- Redis


def _greet_redis(wire: socket.socket, address: SplitResult) -> Found:
    with wire.makefile("rwb") as stream:
        if address.password:
            credentials = [unquote(part) for part in (address.username, address.password) if part]
            stream.write(f"AUTH {' '.join(credentials)}\r\n".encode())
            stream.flush()
            if not (answer := stream.readline()).startswith(b"+OK"):
                raise ProbeError(f"it refuses the password: {answer.decode().strip()}")
        stream.write(b"INFO server\r\n")
        stream.flush()
        size = stream.readline()
        if not size.startswith(b"$"):
            raise ProbeError(f"it answers {size.decode(errors='replace').strip()}")
        info = stream.read(int(size[1:])).decode()
    version = re.search(r"redis_version:(\S+)", info)
    if version is None:
        raise ValueError("no redis_version in INFO")
    return Found("Redis", version[1])
