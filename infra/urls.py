"""What the URL of a service may say, and how one with several hosts is taken apart.

Pure but for the files that options name. No text of an error here has anything of a URL but the name of an option.
"""

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import sqlalchemy as sa

from taskflow.infra.url_options import (
    MYSQL,
    RABBITMQ,
    RABBITMQ_TLS,
    REDIS,
    REDIS_TLS,
    SENTINEL,
    SQLITE,
    Option,
    boolean,
    check_options,
)

DRIVERS: Final = {"mysql": "mysql+asyncmy", "mariadb": "mysql+asyncmy", "sqlite": "sqlite+aiosqlite"}
LONGEST_VHOST: Final = 127
TRACE_ID: Final = "{trace_id}"
SENTINEL_PORT: Final = 26379
MASTER: Final = re.compile(r"/[^/]+(/\d*)?")
"""A path: the name that the Sentinels know a master by, and a database."""
RABBITMQ_EXAMPLES: Final = {
    "amqp": "amqp://guest:guest@127.0.0.1:5672/ or amqp://user:password@host1,host2/vhost",
    "amqps": "amqps://user:password@host/",
}
REDIS_EXAMPLES: Final = {
    "redis": "redis://127.0.0.1:6379/0",
    "rediss": "rediss://host:6379/0",
    "unix": "unix:///run/redis.sock",
    "redis+sentinel": "redis+sentinel://user:password@host1:26379,host2:26379/service/0",
    "rediss+sentinel": "rediss+sentinel://user:password@host1:26379,host2:26379/service/0",
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
    check_options([(name, value) for name in url.query for value in _listed(url.query[name])], _database_options(url))
    if backend != "sqlite":
        tls_context(url)
    return url.set(drivername=DRIVERS[backend]).render_as_string(hide_password=False)


def check_rabbitmq(text: str) -> str:
    hosts = each_host(text)
    scheme, *_ = [_check_place(one, RABBITMQ_EXAMPLES) for one in hosts]
    check_options(_query(hosts[0]), RABBITMQ | (RABBITMQ_TLS if scheme == "amqps" else {}))
    if len(unquote(urlsplit(hosts[0]).path).encode()) > LONGEST_VHOST:
        raise ValueError(f"names a virtual host of more than {LONGEST_VHOST} bytes")
    return text


def check_redis(text: str) -> str:
    of_sentinels = text.partition(":")[0].lower().endswith("+sentinel")
    hosts = each_host(text) if of_sentinels else [text]
    scheme, *_ = [_check_place(one, REDIS_EXAMPLES) for one in hosts]
    if of_sentinels and not MASTER.fullmatch(urlsplit(hosts[0]).path):
        raise ValueError(f"names no master, or a database that is no number: {REDIS_EXAMPLES[scheme]}")
    tls = REDIS_TLS if scheme.startswith("rediss") else {}
    check_options(_query(hosts[0]), REDIS | tls | (SENTINEL if of_sentinels else {}))
    return text


def each_host(text: str) -> list[str]:
    """The URL once for each of its hosts: `amqp://me@a:1,b/x` is that of `amqp://me@a:1/x` and `amqp://me@b/x`."""
    scheme, _, rest = text.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    login, at, hosts = authority.rpartition("@")
    return [f"{scheme}://{login}{at}{host}{rest[len(authority) :]}" for host in hosts.split(",")]


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who is asked for a master, and how that one is spoken to."""

    places: Sequence[tuple[str, int]]
    login: Mapping[str, str]
    """Their own, as `username` and `password`."""
    service: str
    redis: str
    """The URL of a Redis with the master's login, database and options; where it is, is theirs to say."""
    has_tls: bool

    @classmethod
    def of(cls, text: str) -> "Sentinels | None":
        """From a URL that `check_redis` has passed; None when it names one Redis."""
        hosts = [urlsplit(one) for one in each_host(text)]
        scheme, plus, _ = hosts[0].scheme.partition("+")
        if not plus:
            return None
        _, service, database = f"{hosts[0].path}/".split("/")[:3]
        options = dict(_query(hosts[0].geturl()))
        login = {name: options.pop(f"sentinel_{name}", "") for name in ("username", "password")}
        redis = hosts[0]._replace(scheme=scheme, path=f"/{database}", query=urlencode(options))
        return cls(
            places=[(one.hostname or "", one.port or SENTINEL_PORT) for one in hosts],
            login={name: value for name, value in login.items() if value},
            service=unquote(service),
            redis=redis.geturl(),
            has_tls=scheme == "rediss",
        )


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
    if text.partition("?")[0].count("://") > 1:
        raise ValueError("takes one URL: of several hosts, separated by commas in it, all else is the same")
    if not is_place:
        raise ValueError(f"takes an address such as {schemes[scheme]}; signs in a password are percent-encoded")
    return scheme
