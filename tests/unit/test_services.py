"""How the tests find their services: what answers is asked what it is, and the mirror is the machine's own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import debian
from tests.services.probe import Found, ProbeError, probe

OK_PACKET = b"\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as wire:
                talk(wire)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def database(version: str) -> Callable[[socket.socket], None]:
    def talk(wire: socket.socket) -> None:
        greeting = b"\x0a" + version.encode() + b"\0" + bytes(40)
        wire.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
        wire.recv(1024)
        wire.sendall(OK_PACKET)

    return talk


def redis(version: str) -> Callable[[socket.socket], None]:
    def talk(wire: socket.socket) -> None:
        wire.recv(1024)
        info = f"# Server\r\nredis_version:{version}\r\n"
        wire.sendall(f"${len(info)}\r\n{info}\r\n".encode())

    return talk


def test_mysql_is_recognised() -> None:
    with answering(database("8.4.6")) as port:
        assert probe("mysql", f"mysql+asyncmy://root@127.0.0.1:{port}/") == Found("MySQL", "8.4.6")


def test_mariadb_is_not_taken_for_mysql() -> None:
    with (
        answering(database("5.5.5-10.11.6-MariaDB-1")) as port,
        pytest.raises(ProbeError, match=r"is MariaDB 10\.11\.6"),
    ):
        probe("mysql", f"mysql+asyncmy://root@127.0.0.1:{port}/")


def test_a_version_that_is_too_old_is_refused() -> None:
    with answering(redis("6.2.0")) as port, pytest.raises(ProbeError, match="older than 7"):
        probe("redis", f"redis://127.0.0.1:{port}/0")


def test_something_else_on_the_port_is_refused() -> None:
    with answering(redis("8.0.0")) as port, pytest.raises(ProbeError):
        probe("rabbitmq", f"amqp://guest:guest@127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "sources.list",
            "# mine\ndeb [arch=amd64 trusted=yes] https://mirror.example/debian trixie main contrib # all\n",
        ),
        (
            "sources.list.d/debian.sources",
            "Types: deb deb-src\n# a comment\nURIs: https://mirror.example/debian\nSuites: trixie trixie-updates\n"
            "Components:\n main\n contrib\n",
        ),
        (
            "sources.list.d/mixed.list",
            "deb https://browser.example stable main\ndeb https://mirror.example/debian trixie main\n",
        ),
    ],
)
def test_the_mirror_is_read_in_both_of_apts_formats(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    monkeypatch.setattr(debian, "APT", tmp_path)
    monkeypatch.setattr(debian, "codename", lambda: "trixie")
    assert debian.mirror() == "https://mirror.example/debian"
