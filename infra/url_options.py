"""The options that may stand in the URL of a service, and what each takes: a driver passes over what it does not know,
or fails.

Pure but for the files that options name. No text of an error here has anything of a URL but the name of an option.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

Option = Callable[[str], object]
"""What it stands for. Raises ValueError with what it takes."""

SHOWN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,40}")
"""A name that can be shown: a password with a question mark in it has no part that looks like one and nothing else."""


def boolean(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError("takes true or false")
    return known[text.lower()]


def whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("takes a whole number")
    return int(text)


def seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("takes a number of seconds") from None


def file(text: str) -> str:
    if not Path(text).is_file():
        raise ValueError("names no file that is there")
    return text


def folder(text: str) -> str:
    if not Path(text).is_dir():
        raise ValueError("names no folder that is there")
    return text


def one_of(*words: str) -> Option:
    def word(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"takes {' or '.join(words)}")
        return text

    return word


MYSQL: Final[dict[str, Option]] = {
    "ssl": boolean,
    "ssl_ca": file,
    "ssl_cert": file,
    "ssl_key": file,
    "ssl_check_hostname": boolean,
    "charset": one_of("utf8mb4"),
    "connect_timeout": whole,
    "read_timeout": whole,
    "unix_socket": str,
}
SQLITE: Final[dict[str, Option]] = {
    "timeout": seconds,
    "uri": boolean,
    "mode": one_of("ro", "rw", "rwc", "memory"),
    "cache": one_of("shared", "private"),
}
RABBITMQ: Final[dict[str, Option]] = {
    "heartbeat": whole,
    "timeout": whole,
    "auth": one_of("plain", "amqplain", "external"),
    "name": str,
}
RABBITMQ_TLS: Final[dict[str, Option]] = {
    "cafile": file,
    "capath": folder,
    "certfile": file,
    "keyfile": file,
    "no_verify_ssl": one_of("0", "1"),
}
REDIS: Final[dict[str, Option]] = {
    "db": whole,
    "username": str,
    "password": str,
    "client_name": str,
    "socket_timeout": seconds,
    "socket_connect_timeout": seconds,
    "socket_keepalive": boolean,
    "health_check_interval": whole,
    "max_connections": whole,
}
REDIS_TLS: Final[dict[str, Option]] = {
    "ssl_ca_certs": file,
    "ssl_ca_path": folder,
    "ssl_certfile": file,
    "ssl_keyfile": file,
    "ssl_cert_reqs": one_of("none", "optional", "required"),
    "ssl_check_hostname": boolean,
}
SENTINEL: Final[dict[str, Option]] = {"sentinel_username": str, "sentinel_password": str}


def check_options(given: Sequence[tuple[str, str]], known: Mapping[str, Option]) -> None:
    names = [name for name, _ in given]
    for name, value in given:
        shown = repr(name) if SHOWN.fullmatch(name) else "of such a name; signs in a password are percent-encoded"
        if name not in known:
            raise ValueError(f"has no option {shown}; it takes {', '.join(known)}")
        if names.count(name) > 1:
            raise ValueError(f"has the option {shown} twice")
        try:
            known[name](value)
        except ValueError as error:
            raise ValueError(f"has an option {shown} that {error}") from None
