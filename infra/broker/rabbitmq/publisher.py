"""Sends messages and waits for their confirms, many in flight: a message counts as sent once a queue has taken it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from itertools import islice
from typing import Any, Final

from aiormq.abc import AbstractConnection, ChannelFrame, DeliveredMessage
from aiormq.channel import Channel
from aiormq.exceptions import DeliveryError
from yarl import URL

from taskflow.infra.broker import TopologyConflict
from taskflow.infra.broker.rabbitmq import frames
from taskflow.infra.broker.rabbitmq.declare import declare, declare_route
from taskflow.infra.broker.rabbitmq.link import (
    ANSWER,
    BROKEN,
    PROBE_ANSWER,
    Link,
    Lost,
    logger,
    open_channel,
    plain_errors,
    scratch,
    watch,
)
from taskflow.infra.broker.rabbitmq.tap import Tap
from taskflow.infra.broker.topology import DEFAULT_QUEUE, Route, Topology

IN_FLIGHT: Final = 250
# A quorum queue takes some 40 ms to tell its consumers that it was deleted. One that is made anew before that inherits
# them, and RabbitMQ 3.10 then counts messages as delivered that they never receive.
BEFORE_REMAKING: Final = timedelta(seconds=0.5)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready to go."""

    route: Route
    message_id: str
    body: bytes
    headers: dict[str, str] | None = None


class Fate(Enum):
    """What became of a parcel."""

    TAKEN = auto()
    REFUSED = auto()
    UNROUTABLE = auto()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A parcel under way. `answer` is the confirm's frame, the returned message, or None when the channel is gone."""

    parcel: Parcel
    tag: int
    answer: "asyncio.Future[Any]"


class Outlet:
    """A channel in confirm mode, fed whole chunks in one write."""

    def __init__(self, channel: Channel) -> None:
        self.routes: set[Route] = set()  # known to be there
        self._channel = channel
        self._frame_max = channel.connection.connection_tune.frame_max or 131_072
        self._returned: dict[str, int] = {}
        self._beginnings: dict[Route, bytes] = {}
        channel.on_return_callbacks.add(self._note_return)

    async def post(self, parcels: Sequence[Parcel]) -> list[Receipt]:
        """Raises ChannelInvalidStateError when the channel has closed."""
        payload = b"".join(map(self._encode, parcels))
        async with self._channel.lock:
            await self._channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))
            # No await from here on: what was written and what is expected can't differ, even for a cancelled caller.
            return [self._expect(parcel) for parcel in parcels]

    async def fate(self, receipt: Receipt) -> Fate:
        try:
            answer = await receipt.answer
        except DeliveryError:
            return Fate.REFUSED
        if answer is None:
            raise Lost("the channel closed before it confirmed")
        was_returned = self._returned.get(receipt.parcel.message_id, 0) >= receipt.tag
        return Fate.UNROUTABLE if was_returned else Fate.TAKEN

    def forget(self, receipts: Iterable[Receipt]) -> None:
        """Nobody waits for them any more."""
        tags = self._channel.message_id_delivery_tag
        for receipt in receipts:
            if not receipt.answer.cancel() and not receipt.answer.cancelled():
                receipt.answer.exception()  # seen, so that it is not reported as never retrieved
            if tags.get(receipt.parcel.message_id) == receipt.tag:
                del tags[receipt.parcel.message_id]

    def close(self) -> None:
        """Answer all who still wait. The library would leave them to their timeout."""
        for answer in list(self._channel.confirmations.values()):
            if not answer.done():
                answer.set_result(None)

    def _encode(self, parcel: Parcel) -> bytes:
        number, route = self._channel.number, parcel.route
        beginning = self._beginnings.get(route)
        if beginning is None:
            beginning = self._beginnings[route] = frames.published(number, route.exchange, route.routing_key)
        return beginning + frames.content(number, parcel.message_id, parcel.body, self._frame_max, parcel.headers)

    def _expect(self, parcel: Parcel) -> Receipt:
        channel = self._channel
        channel.delivery_tag += 1
        answer = asyncio.get_running_loop().create_future()
        channel.confirmations[channel.delivery_tag] = answer
        channel.message_id_delivery_tag[parcel.message_id] = channel.delivery_tag
        return Receipt(parcel, channel.delivery_tag, answer)

    def _note_return(self, message: DeliveredMessage) -> None:
        # The library finds a returned message by its id alone, and may name the wrong one of two with the same id.
        # So all that are under way with this id count as returned: rather once too often than confirmed in error.
        self._returned[message.header.properties.message_id or ""] = self._channel.delivery_tag


class Publisher:
    """Keeps an outlet while there is a connection. Without one, nothing is sent and nobody waits."""

    def __init__(self, url: URL, topology: Topology, on_loss: Callable[[], None]) -> None:
        self.connection: AbstractConnection | None = None
        self.link = Link(url, "publisher", self._use, on_loss)
        self._topology = topology
        self._on_loss = on_loss
        self._outlet: Outlet | None = None
        self._conflicts: set[str] = set()
        self._blocked = False
        self._remake_at = 0.0  # the loop's time

    async def send(self, parcels: Sequence[Parcel]) -> list[bool]:
        """Which were taken by a queue, within ANSWER."""
        taken = [False] * len(parcels)
        try:
            with plain_errors():
                async with asyncio.timeout(ANSWER.total_seconds()):
                    unroutable = await self._attempt(parcels, range(len(parcels)), taken)
                    if unroutable:
                        self._forget_routes({parcels[place].route for place in unroutable})
                        await self._attempt(parcels, unroutable, taken)
        except BROKEN as error:
            logger.debug("%d of %d messages are not confirmed: %r", taken.count(False), len(taken), error)
        return taken

    async def _attempt(self, parcels: Sequence[Parcel], places: Iterable[int], taken: list[bool]) -> list[int]:
        """Send those at `places`, note in `taken` what a queue has, and return what found no queue."""
        outlet, connection = self._outlet, self.connection
        if outlet is None or connection is None or self._blocked:
            raise Lost("there is no connection that takes messages")
        await self._make_routes(outlet, connection, {parcels[place].route for place in places})
        ready = (place for place in places if parcels[place].route in outlet.routes)
        unroutable: list[int] = []
        while chunk := list(islice(ready, IN_FLIGHT)):
            receipts = await outlet.post([parcels[place] for place in chunk])
            try:
                for place, receipt in zip(chunk, receipts, strict=True):
                    fate = await outlet.fate(receipt)
                    taken[place] = fate is Fate.TAKEN
                    if fate is Fate.UNROUTABLE:
                        unroutable.append(place)
            finally:
                outlet.forget(receipts)
        return unroutable

    async def _make_routes(self, outlet: Outlet, connection: AbstractConnection, routes: set[Route]) -> None:
        missing = routes - outlet.routes
        if missing:
            await asyncio.sleep(self._remake_at - asyncio.get_running_loop().time())
        for route in missing:
            try:
                async with scratch(connection) as channel:
                    await declare_route(channel, route)
            except TopologyConflict as conflict:
                self._note_conflict(conflict)
            else:
                outlet.routes.add(route)

    def _forget_routes(self, routes: set[Route]) -> None:
        """Their queues are gone, and with them what was in them. Another caller may have found out already."""
        if self._outlet is None or not (gone := routes & self._outlet.routes):
            return
        for route in gone:
            logger.warning("The queue %s is gone and is made anew; its messages come from the database", route.queue)
        self._outlet.routes -= gone
        self._remake_at = asyncio.get_running_loop().time() + BEFORE_REMAKING.total_seconds()
        self._on_loss()

    def _note_conflict(self, conflict: TopologyConflict) -> None:
        if str(conflict) not in self._conflicts:
            self._conflicts.add(str(conflict))
            logger.error("Messages are not published: %s", conflict)

    async def _use(self, connection: AbstractConnection, _: Tap) -> None:
        routes = [self._topology.route(DEFAULT_QUEUE), self._topology.dead_route]
        await declare(connection, self._topology, routes)
        channel = await open_channel(connection, confirms=True)
        outlet = Outlet(channel)
        outlet.routes.update(routes)
        self._outlet, self.connection, self._blocked = outlet, connection, False
        self.link.up()
        try:
            await watch(channel, partial(self._probe, connection, await open_channel(connection)))
        finally:
            self._outlet = self.connection = None
            outlet.close()

    async def _probe(self, connection: AbstractConnection, channel: Channel) -> None:
        blocked = await is_blocked(connection)
        if blocked != self._blocked:
            self._blocked = blocked
            logger.warning(
                "RabbitMQ %s", "blocks publishers, by an alarm of its own" if blocked else "takes messages again"
            )
        if not blocked:
            async with asyncio.timeout(PROBE_ANSWER.total_seconds()):
                await channel.exchange_declare(self._topology.exchange, passive=True)


async def is_blocked(connection: AbstractConnection) -> bool:
    """Whether RabbitMQ has said that it reads nothing from us for now. It would not answer a probe either."""
    try:
        async with asyncio.timeout(0):
            await connection.ready()
    except TimeoutError:
        return True
    return False
