"""What may stand in the URL of a service, its options above all: a driver passes over what it does not know, or fails.

Pure but for the files that options name. No text of an error here has anything of a URL but the name of an option.
"""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa

Option = Callable[[str], object]
"""What it stands for. Raises ValueError with what it takes."""

DRIVERS: Final = {"mysql": "mysql+asyncmy", "mariadb": "mysql+asyncmy", "sqlite": "sqlite+aiosqlite"}
LONGEST_VHOST: Final = 127
TRACE_ID: Final = "{trace_id}"
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


def check_database(text: str) -> str:
    """The URL with our driver. Raises ValueError with what it takes, as the others do."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError("takes a URL such as mysql+asyncmy://user:password@host/database") from None
    backend = url.get_backend_name()
    if backend not in DRIVERS:
        raise ValueError("takes a URL that begins with mysql+asyncmy:// or sqlite+aiosqlite://")
    if backend != "sqlite" and not url.database:
        raise ValueError("names no database: mysql+asyncmy://user:password@host/database")
    _check_options([(name, value) for name in url.query for value in _listed(url.query[name])], _database_options(url))
    if backend != "sqlite":
        tls_context(url)
    return url.set(drivername=DRIVERS[backend]).render_as_string(hide_password=False)


def check_rabbitmq(text: str) -> str:
    scheme = _check_place(text, {"amqp": "amqp://guest:guest@127.0.0.1:5672/", "amqps": "amqps://user:password@host/"})
    _check_options(_query(text), RABBITMQ | (RABBITMQ_TLS if scheme == "amqps" else {}))
    if len(unquote(urlsplit(text).path).encode()) > LONGEST_VHOST:
        raise ValueError(f"names a virtual host of more than {LONGEST_VHOST} bytes")
    return text


def check_redis(text: str) -> str:
    schemes = {"redis": "redis://127.0.0.1:6379/0", "rediss": "rediss://host:6379/0", "unix": "unix:///run/redis.sock"}
    scheme = _check_place(text, schemes)
    _check_options(_query(text), REDIS | (REDIS_TLS if scheme == "rediss" else {}))
    return text


def check_trace_url(text: str) -> str:
    takes = f"takes a URL such as https://jaeger.example/trace/{TRACE_ID}"
    try:
        parts = urlsplit(text)
        is_place = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_place = False
    if not is_place or not text.isprintable() or " " in text or text.count(TRACE_ID) != 1:
        raise ValueError(takes)
    if any(brace in text.replace(TRACE_ID, "") for brace in "{}"):
        raise ValueError(f"{takes}, with nothing else in braces")
    return text


def tls_context(url: sa.URL) -> ssl.SSLContext | None:
    """For a MySQL at that URL: the system's certificates, or those of `ssl_ca`. Raises ValueError."""
    given = {name: str(value) for name, value in url.query.items() if name.partition("_")[0] == "ssl"}
    if not boolean(given.pop("ssl", "true" if given else "false")):
        return None
    try:
        context = ssl.create_default_context(cafile=given.get("ssl_ca"))
        context.check_hostname = boolean(given.get("ssl_check_hostname", "true"))
        if "ssl_cert" in given:
            context.load_cert_chain(given["ssl_cert"], given.get("ssl_key"))
    except (ssl.SSLError, OSError):
        raise ValueError("has an option ssl_ca, ssl_cert or ssl_key that names no certificate or key") from None
    return context


def _database_options(url: sa.URL) -> Mapping[str, Option]:
    if url.get_backend_name() != "sqlite":
        return MYSQL
    return SQLITE if "uri" in url.query else {name: SQLITE[name] for name in ("timeout", "uri")}


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _query(text: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(text).query, keep_blank_values=True)


def _check_place(text: str, schemes: Mapping[str, str]) -> str:
    """Its scheme."""
    try:
        parts = urlsplit(text)
        scheme, is_place = parts.scheme, parts.scheme == "unix" or (parts.hostname and parts.port != 0)
    except ValueError:
        scheme, is_place = text.partition(":")[0], False
    if scheme not in schemes:
        begins = " or ".join(f"{one}://" for one in schemes)
        raise ValueError(f"takes a URL that begins with {begins}, or memory://")
    if not is_place:
        raise ValueError(f"takes an address such as {schemes[scheme]}; signs in a password are percent-encoded")
    return scheme


def _check_options(given: Sequence[tuple[str, str]], known: Mapping[str, Option]) -> None:
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
