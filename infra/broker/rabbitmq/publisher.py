"""Sends messages and waits for their confirms, many in flight: a message counts as sent once a queue has taken it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Final

from aiormq.abc import AbstractChannel, AbstractConnection

from taskflow.infra.broker import TopologyConflict
from taskflow.infra.broker.rabbitmq.confirms import ConfirmChannel, Outcome, OutgoingMessage
from taskflow.infra.broker.rabbitmq.declare import declare, declare_route
from taskflow.infra.broker.rabbitmq.link import (
    ANSWER,
    BROKEN,
    PROBE_ANSWER,
    Link,
    Lost,
    logger,
    open_channel,
    translated_errors,
    watch,
)
from taskflow.infra.broker.rabbitmq.nodes import Nodes
from taskflow.infra.broker.rabbitmq.transport import Transport, is_blocked
from taskflow.infra.broker.topology import DEFAULT_QUEUE, Route, Topology

IN_FLIGHT: Final = 250
# A quorum queue takes some 40 ms to tell its consumers that it was deleted. One that is made anew before that inherits
# them, and RabbitMQ 3.10 then counts messages as delivered that they never receive.
BEFORE_REMAKING: Final = timedelta(seconds=0.5)


class Publisher:
    """Keeps a confirm channel while there is a connection. Without one, nothing is sent and nobody waits."""

    def __init__(self, nodes: Nodes, topology: Topology, on_loss: Callable[[], None]) -> None:
        self.connection: AbstractConnection | None = None
        self.link = Link(nodes, "publisher", self._use, on_loss)
        self._topology = topology
        self._on_loss = on_loss
        self._channel: ConfirmChannel | None = None
        self._conflicts: set[str] = set()
        self._is_blocked = False
        self._remake_at = 0.0  # the loop's time

    async def send(self, messages: Sequence[OutgoingMessage]) -> list[bool]:
        """Which were taken by a queue, within ANSWER."""
        taken = [False] * len(messages)
        try:
            with translated_errors():
                async with asyncio.timeout(ANSWER.total_seconds()):
                    unroutable = await self._attempt(messages, range(len(messages)), taken)
                    if unroutable:
                        self._forget_routes({messages[place].route for place in unroutable})
                        await self._attempt(messages, unroutable, taken)
        except BROKEN as error:
            logger.debug("%d of %d messages are not confirmed: %r", taken.count(False), len(taken), error)
        return taken

    async def _attempt(
        self, messages: Sequence[OutgoingMessage], places: Iterable[int], taken: list[bool]
    ) -> list[int]:
        """Send those at `places`, note in `taken` what a queue has, and return what found no queue."""
        channel, connection = self._channel, self.connection
        if channel is None or connection is None or self._is_blocked:
            raise Lost("there is no connection that takes messages")
        await self._make_routes(channel, connection, {messages[place].route for place in places})
        ready = (place for place in places if messages[place].route in channel.routes)
        unroutable: list[int] = []
        while chunk := list(islice(ready, IN_FLIGHT)):
            outcomes = channel.send([messages[place] for place in chunk])
            for place, outcome in zip(chunk, outcomes, strict=True):
                taken[place] = await outcome is Outcome.CONFIRMED
                if await outcome is Outcome.UNROUTABLE:
                    unroutable.append(place)
        return unroutable

    async def _make_routes(self, channel: ConfirmChannel, connection: AbstractConnection, routes: set[Route]) -> None:
        missing = routes - channel.routes
        if missing:
            await asyncio.sleep(self._remake_at - asyncio.get_running_loop().time())
        for route in missing:
            try:
                await declare_route(connection, route)
            except TopologyConflict as conflict:
                self._note_conflict(conflict)
            else:
                channel.routes.add(route)

    def _forget_routes(self, routes: set[Route]) -> None:
        """Their queues are gone, and with them what was in them. Another caller may have found out already."""
        if self._channel is None or not (gone := routes & self._channel.routes):
            return
        for route in gone:
            logger.warning("The queue %s is gone and is made anew; its messages come from the database", route.queue)
        self._channel.routes -= gone
        self._remake_at = asyncio.get_running_loop().time() + BEFORE_REMAKING.total_seconds()
        self._on_loss()

    def _note_conflict(self, conflict: TopologyConflict) -> None:
        if str(conflict) not in self._conflicts:
            self._conflicts.add(str(conflict))
            logger.error("Messages are not published: %s", conflict)

    async def _use(self, connection: AbstractConnection, transport: Transport) -> None:
        routes = [self._topology.route(DEFAULT_QUEUE), self._topology.dead_route]
        await declare(connection, self._topology, routes)
        opened = await open_channel(connection, confirms=True)
        channel = ConfirmChannel(opened, transport)
        channel.routes.update(routes)
        self._channel, self.connection, self._is_blocked = channel, connection, False
        self.link.note_success()
        try:
            await watch(opened, partial(self._probe, connection, await open_channel(connection)))
        finally:
            self._channel = self.connection = None
            channel.close()

    async def _probe(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        blocked = await is_blocked(connection)
        if blocked != self._is_blocked:
            self._is_blocked = blocked
            logger.warning(
                "RabbitMQ %s", "blocks publishers, by an alarm of its own" if blocked else "takes messages again"
            )
        if not blocked:
            async with asyncio.timeout(PROBE_ANSWER.total_seconds()):
                await channel.exchange_declare(self._topology.exchange, passive=True)
