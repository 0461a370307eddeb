"""The bus of production: Redis Pub/Sub. Never stores a key."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from taskflow.infra.background import doubling, supervised
from taskflow.infra.bus import CANCEL_CHANNEL, STATUS_CHANNEL, BusUnavailable
from taskflow.infra.bus.mailbox import MAILBOX_LIMIT, Mailbox
from taskflow.infra.bus.sender import FIRST_WAIT, LONGEST_WAIT, Sender
from taskflow.infra.connecting import Attempts, Refused, Unreachable, connect, is_no_tls
from taskflow.infra.redis_client import AWAY, REFUSED, open_client, place
from taskflow.infra.tracing.current import Around, untraced
from taskflow.infra.urls import check_redis

logger = logging.getLogger("taskflow.bus")
ANSWER: Final = timedelta(seconds=3)  # what has not answered by then is taken for gone
PING_ANSWER: Final = timedelta(seconds=1.5)
QUIET: Final = timedelta(seconds=2)  # a subscription that heard nothing for so long asks whether Redis is there
NOBODY: Final = b""  # a cancellation of no task, which workers ignore


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
    """A bus on the Redis that `url` names, or its Sentinels do.

    Tries `attempts` times, first `backoff` apart, then twice as long, up to five times `backoff`; a refused login is
    not tried again. Raises BusUnavailable, in one line and without the password.
    """
    try:
        check_redis(url)
    except ValueError as error:
        raise BusUnavailable(f"REDIS_URL {error}") from None
    async with open_client(url, answer=ANSWER) as client:
        await connect(
            partial(_contact, client), place(url), Attempts(attempts, backoff), failure=BusUnavailable, logger=logger
        )
        sender = Sender(client, around)
        async with supervised(sender.run, name="news to Redis") as sending:
            try:
                yield RedisBus(client, sender, mailbox_limit)
            finally:
                await sender.flush(sending)


async def _contact(client: Redis) -> None:
    try:
        await client.ping()
    except AWAY as error:
        for_good = isinstance(error, REFUSED) or type(error) is ResponseError or is_no_tls(error)
        raise (Refused if for_good else Unreachable)(str(error) or type(error).__name__) from error
