"""A client of what REDIS_URL names: one Redis, or the master that its Sentinels name, asked for each new connection.

redis-py's own retries are off: it would reconnect a subscription, and nobody would know of the gap.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError

from taskflow.infra.urls import Sentinels

AWAY: Final = (RedisError, OSError, RuntimeError)
"""The last one is what uvloop raises for a connection that was closed just before it is written to."""
REFUSED: Final = (AuthenticationError, AuthorizationError, NoPermissionError)


class _Sentinel(Sentinel):
    """As the library's, whose error tells how its clients are set up, and hides that a login was refused."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Raises what the last of them said, or that it names no master: RedisError or OSError."""
        failure: Exception = MasterNotFoundError("there is no Sentinel to ask")
        for sentinel in [*self.sentinels]:
            try:
                masters: Any = await sentinel.sentinel_masters()
            except REFUSED as error:  # by the same words as the master's own refusal
                failure = AuthenticationError(f"a Sentinel says: {error}")
                continue
            except (RedisError, OSError) as error:
                failure = error
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                self.sentinels.remove(sentinel)
                self.sentinels.insert(0, sentinel)
                return state["ip"], state["port"]
            why = "takes its master for down" if state else "knows no such master"
            failure = MasterNotFoundError(f"a Sentinel {why}: {service_name}")
        raise failure


@asynccontextmanager
async def open_client(url: str, *, answer: timedelta) -> AsyncIterator[Redis]:
    """Of a URL that `check_redis` has passed. Connects to nothing yet; what does not answer within `answer` is gone."""
    sentinels = Sentinels.of(url)
    if sentinels is None:
        async with Redis.from_url(url, **_options(answer)) as client:
            yield client
        return
    given: dict[str, Any] = {**_options(answer), **parse_url(sentinels.redis)}
    for name in ("connection_class", "host", "port"):
        given.pop(name, None)
    tls = {name: value for name, value in given.items() if name.startswith("ssl_")}
    if sentinels.has_tls:
        given["ssl"] = tls["ssl"] = True
    share = answer / (len(sentinels.places) + 1)  # all of them can be asked, and the master then, within `answer`
    own = {**_options(share), **tls, **sentinels.login}
    async with (
        _Sentinel(sentinels.places, sentinel_kwargs=own, **given) as sentinel,  # type: ignore[no-untyped-call]
        sentinel.master_for(sentinels.service) as client,
    ):
        yield client


def place(url: str) -> str:
    """For an operator to read: where it is, without how to get in."""
    if sentinels := Sentinels.of(url):
        hosts = ", ".join(f"{host}:{port}" for host, port in sentinels.places)
        return f"Redis {sentinels.service} of the Sentinels at {hosts}"
    address = urlsplit(url)
    return f"Redis at {f'{address.hostname}:{address.port or 6379}' if address.hostname else address.path}"


def _options(answer: timedelta) -> dict[str, Any]:
    seconds = answer.total_seconds()
    limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    return {"protocol": 2, "retry": Retry(NoBackoff(), 0), **limits}
