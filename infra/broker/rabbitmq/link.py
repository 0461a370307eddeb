"""A connection to RabbitMQ that is kept in use: opened, watched, cut when it does not answer, and opened again.

Nothing is repaired in place. Whatever breaks, a connection, a channel, a queue or a consumer, the whole link is dropped
and made anew, topology included: a consumer that is connected and receives nothing can't come of that.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final, Never

from aiormq.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import AMQPError, ChannelInvalidStateError

from taskflow.infra.background import doubling
from taskflow.infra.broker import TopologyConflict
from taskflow.infra.broker.rabbitmq.nodes import Nodes
from taskflow.infra.broker.rabbitmq.transport import Transport, connected

logger = logging.getLogger("taskflow.broker")

ANSWER: Final = timedelta(seconds=5)  # for a declaration, a confirm
PROBE_EVERY: Final = timedelta(seconds=1.5)
PROBE_ANSWER: Final = timedelta(seconds=2)
FIRST_WAIT: Final = timedelta(seconds=0.1)
LONGEST_WAIT: Final = timedelta(seconds=1.5)
SEEN: Final = timedelta(seconds=10)
STEADY: Final = timedelta(seconds=5)  # a link that held for so long is tried again at once


class Lost(Exception):
    """The link can't be used any more."""


# What a dead connection raises, through `translated_errors`. TimeoutError is an OSError.
BROKEN = (Lost, AMQPError, ChannelInvalidStateError, OSError)


async def open_channel(connection: AbstractConnection, *, confirms: bool = False) -> AbstractChannel:
    """Lives as long as the connection."""
    try:
        async with asyncio.timeout(ANSWER.total_seconds()):
            return await connection.channel(publisher_confirms=confirms)
    except RuntimeError as error:  # the library's word for a connection that has closed
        raise Lost("the connection ended") from error


@asynccontextmanager
async def short_lived_channel(
    connection: AbstractConnection, limit: timedelta = ANSWER
) -> AsyncIterator[AbstractChannel]:
    """A channel for a question or a declaration: RabbitMQ closes the channel on which one failed.

    `limit` is for all of the body. Raises TimeoutError.
    """
    async with asyncio.timeout(limit.total_seconds()):
        channel = await open_channel(connection)
        try:
            yield channel
        finally:
            await channel.close()


@contextmanager
def translated_errors() -> Iterator[None]:
    """Around every use of the library, which is careless with cancellation in both directions.

    It ends waits on a dead connection with CancelledError, although nobody cancelled our task, or with a bare
    Exception: both become Lost. And where it uses asyncio.wait_for, which before Python 3.12 loses a cancellation that
    arrives together with the result, a real one is swallowed: it is raised at the end.
    """
    before = _cancellations()
    try:
        yield
    except asyncio.CancelledError as error:
        if _cancellations() > before:
            raise
        raise Lost("the connection ended") from error
    except Exception as error:
        if type(error) is Exception:
            raise Lost("the connection ended") from error
        raise
    if _cancellations() > before:
        raise asyncio.CancelledError


def reason(error: BaseException | None) -> str:
    """In one line."""
    words = [one for one in error.args if isinstance(one, str)] or map(str, error.args) if error else ()
    text = " ".join(" ".join(words).split())
    if isinstance(error, TimeoutError):
        return text or "it does not answer in time"
    return text or (type(error).__name__ if error else "the connection ended")


async def watch(
    channel: AbstractChannel, probe: Callable[[], Awaitable[None]], ended: asyncio.Future[str] | None = None
) -> Never:
    """Raise Lost once `channel` has closed or `ended` has a reason, or what `probe` raises when the broker answers
    wrongly or not at all: a half-open connection shows in no other way.
    """
    closing = channel.closing
    ends = [closing, ended] if ended else [closing]
    while True:
        if _cancellations():
            raise asyncio.CancelledError  # which the library swallowed
        await asyncio.wait(ends, timeout=PROBE_EVERY.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        if closing.done():
            raise Lost(reason(None if closing.cancelled() else closing.exception()))
        if ended and ended.done():
            raise Lost(ended.result())
        await probe()


class Link:
    """Runs `use` on a connection, and on another one, to the next node, whenever that failed.

    `use` calls `note_success` once it works.
    """

    def __init__(
        self,
        nodes: Nodes,
        name: str,
        use: Callable[[AbstractConnection, Transport], Awaitable[None]],
        on_return: Callable[[], None],
    ) -> None:
        self.tried = asyncio.Event()  # the first attempt is over
        self.conflict: TopologyConflict | None = None
        self._nodes = nodes
        self._name = name
        self._use = use
        self._on_return = on_return
        self._lost_at: float | None = None
        self._alive_at = time.monotonic()
        self._up_at: float | None = None
        self._waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)

    async def run(self) -> None:
        """Until cancelled, or `use` returns: it has nothing more to do."""
        while True:
            url = self._nodes.next
            try:
                with translated_errors():
                    async with connected(url, f"taskflow {self._name}") as (connection, transport):
                        return await self._use(connection, transport)
            except Exception as error:  # whatever it is, a link that gives up is worse
                if _cancellations():
                    raise asyncio.CancelledError from error
                self._note_loss(error)
                self._nodes.note_failure(url)
            await asyncio.sleep(next(self._waits))

    @property
    def is_well(self) -> bool:
        """Whether it was seen to work within the last ten seconds."""
        return time.monotonic() - self._alive_at < SEEN.total_seconds()

    def note_life(self) -> None:
        self._alive_at = time.monotonic()

    def note_success(self) -> None:
        self.note_life()
        self._up_at = time.monotonic()
        self.conflict = None
        if self._lost_at is not None:
            logger.warning("RabbitMQ is back for the %s after %.1f s", self._name, self._up_at - self._lost_at)
            self._lost_at = None
            self._on_return()
        self.tried.set()

    def _note_loss(self, error: Exception) -> None:
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            logger.warning("RabbitMQ is lost to the %s, trying until it is back: %s", self._name, reason(error))
        if isinstance(error, TopologyConflict) and self.conflict is None:
            self.conflict = error
            logger.error("The %s has to wait: %s", self._name, error)
        if self._up_at is not None and now - self._up_at > STEADY.total_seconds():
            self._waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
        self._up_at = None
        self.tried.set()


def _cancellations() -> int:
    """How often our task was cancelled, without what a time limit has taken back."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0
