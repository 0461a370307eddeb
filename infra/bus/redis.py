"""The bus of production: Redis Pub/Sub. Never stores a key. redis-py's own retries are off: it would reconnect a
subscription, and nobody would know of the gap.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError, ResponseError

from taskflow.infra.background import doubling, supervised
from taskflow.infra.bus import CANCEL_CHANNEL, STATUS_CHANNEL, BusUnavailable
from taskflow.infra.bus.backlog import Backlog
from taskflow.infra.bus.mailbox import MAILBOX_LIMIT, Mailbox
from taskflow.infra.connecting import Attempts, Refused, Unreachable, connect, is_no_tls
from taskflow.infra.tracing.current import Around, untraced

logger = logging.getLogger("taskflow.bus")
ANSWER: Final = timedelta(seconds=3)  # what has not answered by then is taken for gone
PING_ANSWER: Final = timedelta(seconds=1.5)
QUIET: Final = timedelta(seconds=2)  # a subscription that heard nothing for so long asks whether Redis is there
FIRST_WAIT: Final = timedelta(seconds=0.1)
LONGEST_WAIT: Final = timedelta(seconds=1)
FLUSH: Final = timedelta(seconds=1)
PIPELINE: Final = 500
NOBODY: Final = b""  # a cancellation of no task, which workers ignore

AWAY = (RedisError, OSError, TimeoutError)
REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError)


class Sender:
    """Empties the backlog, in pipelines of whatever has gathered while the last one was under way."""

    def __init__(self, client: Redis, around: Around) -> None:
        self._client = client
        self._around = around
        self._backlog = Backlog()
        self._filled = asyncio.Event()
        self._away = self._closing = False

    def put(self, channel: str, messages: Sequence[bytes]) -> None:
        if not self._closing:
            self._backlog.put(channel, messages)
            self._filled.set()

    async def run(self) -> None:
        waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
        while self._backlog or not self._closing:
            try:
                await self._send()
            except AWAY as error:
                self._note_loss(error)
                await asyncio.sleep(next(waits))
            else:
                waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
                await self._filled.wait()

    async def flush(self, sending: asyncio.Task[None]) -> None:
        """Take no more; give what waits one more chance, but not to a Redis that is away."""
        self._closing = True
        self._filled.set()
        if not self._away:
            await asyncio.wait([sending], timeout=FLUSH.total_seconds())

    async def _send(self) -> None:
        while batch := self._backlog.peek(PIPELINE):
            async with self._client.pipeline(transaction=False) as pipeline:
                for one in batch:
                    pipeline.publish(one.channel, one.message)
                with self._around([one.traceparent for one in batch if one.traceparent]):
                    answers = await pipeline.execute(raise_on_error=False)
            self._backlog.remove(batch)
            self._note_answers(answers)
        if not self._closing:
            self._filled.clear()

    def _note_answers(self, answers: Sequence[object]) -> None:
        refused = [answer for answer in answers if isinstance(answer, ResponseError)]
        if refused:
            self._backlog.dropped += len(refused)
            self._note_loss(refused[0])
        elif self._away:
            self._away = False
            logger.warning("Redis takes news again; %d messages were dropped meanwhile", self._backlog.dropped)
            self._backlog.dropped = 0

    def _note_loss(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            logger.warning("Redis takes no news, so it waits and the oldest is dropped: %s", error)


class Subscription:
    """Keeps one channel flowing into its mailbox, whatever happens to the connection."""

    def __init__(self, client: Redis, channel: str, mailbox: Mailbox) -> None:
        self.tried = asyncio.Event()
        self.missed = False  # a GAP is due once it is subscribed again
        self.refusal: Exception | None = None
        self._client = client
        self._channel = channel
        self._mailbox = mailbox

    async def run(self) -> None:
        waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
        while True:
            connection = self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await self._subscribe(connection)
                waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
                await self._receive(connection)
            except AWAY as error:
                self._note_loss(error)
            finally:
                self.missed = True
                await connection.disconnect(nowait=True)
            await asyncio.sleep(next(waits))

    async def _subscribe(self, connection: AbstractConnection) -> None:
        await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_command("SUBSCRIBE", self._channel)
        await connection.read_response()
        self.refusal = None
        if self.missed:
            self.missed = False
            self._mailbox.mark_gap()
            logger.warning("The subscription to %s is back", self._channel)
        self.tried.set()

    async def _receive(self, connection: AbstractConnection) -> None:
        """Returns never, raises when the connection is lost or, half open, answers no ping."""
        asked = False
        while True:
            reply = await connection.read_response(timeout=QUIET.total_seconds(), disconnect_on_error=False)
            if reply is not None:
                asked = False
                if reply[0] == b"message":
                    self._mailbox.put((reply[2],))
            elif asked:
                raise TimeoutError("it answers no ping")
            else:
                asked = True
                await connection.send_command("PING")

    def _note_loss(self, error: Exception) -> None:
        if not self.missed:
            logger.warning("The subscription to %s is lost, trying until it is back: %s", self._channel, error)
        self.missed = True
        self.refusal = error if isinstance(error, ResponseError) else None
        self.tried.set()


class RedisBus:
    """Publishes through one sender, subscribes through a connection for each subscription."""

    def __init__(self, client: Redis, sender: Sender, mailbox_limit: int) -> None:
        self._client = client
        self._sender = sender
        self._mailbox_limit = mailbox_limit
        self._subscriptions: set[Subscription] = set()

    def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        self._sender.put(channel, messages)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[Mailbox]:
        mailbox = Mailbox(self._mailbox_limit)
        subscription = Subscription(self._client, channel, mailbox)
        async with supervised(subscription.run, name=f"subscription to {channel}"):
            self._subscriptions.add(subscription)
            try:
                await subscription.tried.wait()
                yield mailbox
            finally:
                self._subscriptions.discard(subscription)
                mailbox.close()

    async def ping(self) -> None:
        """Asks for what is needed: it may answer, and yet let us use no channel."""
        try:
            async with asyncio.timeout(PING_ANSWER.total_seconds()):
                await self._client.publish(CANCEL_CHANNEL, NOBODY)
        except AWAY as error:
            raise BusUnavailable(f"Redis does not take news: {error}") from error
        if refusal := next((one.refusal for one in self._subscriptions if one.refusal), None):
            raise BusUnavailable(f"Redis brings no news: {refusal}")

    async def check(self) -> None:
        try:
            async with asyncio.timeout(ANSWER.total_seconds()), self._client.pubsub() as subscription:
                await self._client.publish(CANCEL_CHANNEL, NOBODY)
                await subscription.subscribe(STATUS_CHANNEL, CANCEL_CHANNEL)
                for _ in (STATUS_CHANNEL, CANCEL_CHANNEL):
                    await subscription.get_message(timeout=ANSWER.total_seconds())
        except AWAY as error:
            raise BusUnavailable(f"Redis refuses the channels {STATUS_CHANNEL}, {CANCEL_CHANNEL}: {error}") from error


@asynccontextmanager
async def open_redis(
    url: str, *, attempts: int, backoff: timedelta, mailbox_limit: int = MAILBOX_LIMIT, around: Around = untraced
) -> AsyncIterator[RedisBus]:
    """A bus on the Redis at `url` (redis:// or rediss://).

    Tries `attempts` times, first `backoff` apart, then twice as long, up to five times `backoff`; a refused login is
    not tried again. Raises BusUnavailable, in one line and without the password.
    """
    async with _client(url) as client:
        place = _place(client)
        await connect(
            partial(_contact, client), place, Attempts(attempts, backoff), failure=BusUnavailable, logger=logger
        )
        sender = Sender(client, around)
        async with supervised(sender.run, name="news to Redis") as sending:
            try:
                yield RedisBus(client, sender, mailbox_limit)
            finally:
                await sender.flush(sending)


def _client(url: str) -> Redis:
    seconds = ANSWER.total_seconds()
    try:
        return Redis.from_url(
            url, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=seconds, socket_connect_timeout=seconds
        )
    except ValueError:  # its text may hold the password, so it is not passed on
        raise BusUnavailable("that is not an address of a Redis, such as redis://127.0.0.1:6379/0") from None


async def _contact(client: Redis) -> None:
    try:
        await client.ping()
    except AWAY as error:
        for_good = isinstance(error, REFUSED) or type(error) is ResponseError or is_no_tls(error)
        raise (Refused if for_good else Unreachable)(str(error) or type(error).__name__) from error


def _place(client: Redis) -> str:
    where = client.connection_pool.connection_kwargs
    return f"Redis at {where.get('path') or where.get('host', 'localhost')}:{where.get('port', 6379)}"
