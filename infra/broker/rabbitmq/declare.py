"""Makes the exchanges, queues and bindings; what is there already is used as it is, whoever made it and how.

Every documented peer declares its queue durable and without arguments, and is refused where one was made otherwise: so
ours are made like that, unless RABBITMQ_QUEUE_TYPE asks for a type.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from aiormq.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelLockedResource, ChannelNotFoundEntity, ChannelPreconditionFailed

from taskflow.infra.broker import TopologyConflict
from taskflow.infra.broker.rabbitmq.link import reason, short_lived_channel
from taskflow.infra.broker.topology import Route, Topology

OTHER_TYPE: Final = re.compile(r"inequivalent arg 'type' for exchange .*: received (.+) but current is (.+)")


async def declare(connection: AbstractConnection, topology: Topology, routes: Iterable[Route]) -> None:
    """Both exchanges, the dead letters' queue, and `routes`. Raises TopologyConflict."""
    await _declare_exchange(connection, topology.exchange, "topic", _way_out("RABBITMQ_EXCHANGE"))
    await _declare_exchange(connection, topology.dead, "fanout", _way_out(None))
    for route in dict.fromkeys([topology.dead_route, *routes]):
        await declare_route(connection, route)


async def _declare_exchange(connection: AbstractConnection, name: str, type_: str, way_out: str) -> None:
    refusal = await _attempt(
        connection, lambda channel: channel.exchange_declare(name, exchange_type=type_, durable=True)
    )
    if refusal and (other := OTHER_TYPE.search(refusal)):
        raise TopologyConflict(
            f"the exchange {name} is there already, of type {other[2]} and not {other[1]}: {way_out}"
        )


async def declare_route(connection: AbstractConnection, route: Route) -> None:
    """A queue and its binding; the exchange is there. Raises TopologyConflict."""
    arguments: dict[str, Any] | None = {"x-queue-type": route.queue_type} if route.queue_type else None
    way_out = _way_out(route.named_by)
    try:
        refusal = await _attempt(
            connection, lambda channel: channel.queue_declare(route.queue, durable=True, arguments=arguments)
        )
        async with short_lived_channel(connection) as channel:
            await channel.queue_bind(route.queue, route.exchange, route.routing_key)
    except ChannelLockedResource as error:
        raise TopologyConflict(f"the queue {route.queue} is exclusively another connection's: {way_out}") from error
    except ChannelNotFoundEntity as error:
        if refusal is None:
            raise
        raise TopologyConflict(f"RabbitMQ will not make the queue {route.queue}: {refusal}") from error


async def _attempt(
    connection: AbstractConnection, declaration: Callable[[AbstractChannel], Awaitable[object]]
) -> str | None:
    """Why it was refused: as a rule because what it names is there already, made differently."""
    try:
        async with short_lived_channel(connection) as channel:
            await declaration(channel)
    except ChannelPreconditionFailed as error:
        return reason(error)
    return None


def _way_out(variable: str | None) -> str:
    delete = "delete it (its messages come back from the database)"
    return f"{delete}, or set {variable} to another name" if variable else delete
