"""Makes the exchanges, queues and bindings, or says in one sentence why what is there is in the way."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiormq.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelLockedResource, ChannelPreconditionFailed

from taskflow.infra.broker import TopologyConflict
from taskflow.infra.broker.rabbitmq.link import reason, short_lived_channel
from taskflow.infra.broker.rabbitmq.transport import server_properties
from taskflow.infra.broker.topology import Route, Topology

QUORUM_SINCE: Final = (3, 8)
DIFFERS: Final = re.compile(
    r"inequivalent arg '([^']+)' for (\w+) '([^']+)' in vhost '[^']*': received (.+) but current is (.+)"
)


async def declare(connection: AbstractConnection, topology: Topology, routes: Iterable[Route]) -> None:
    """Both exchanges, the dead letters' queue, and `routes`. Raises TopologyConflict."""
    async with short_lived_channel(connection) as channel:
        with conflicts(topology.exchange, "RABBITMQ_EXCHANGE"):
            await channel.exchange_declare(topology.exchange, exchange_type="topic", durable=True)
        with conflicts(topology.dead):
            await channel.exchange_declare(topology.dead, exchange_type="fanout", durable=True)
        for route in dict.fromkeys([topology.dead_route, *routes]):
            await declare_route(channel, route)


async def declare_route(channel: AbstractChannel, route: Route) -> None:
    """A queue and its binding; the exchange is there. Raises TopologyConflict."""
    with conflicts(route.queue, route.named_by):
        arguments = queue_arguments(server_properties(channel))
        await channel.queue_declare(route.queue, durable=True, arguments=arguments)
    await channel.queue_bind(route.queue, route.exchange, route.routing_key)


def queue_arguments(server_properties: Any) -> dict[str, Any]:
    """Quorum queues wherever the broker has them: they keep a confirmed message through the loss of a node."""
    version = server_properties.get("version", b"")
    text = version.decode() if isinstance(version, bytes) else str(version)
    numbers = tuple(int(number) for number in re.findall(r"\d+", text)[:2])
    return {"x-queue-type": "quorum"} if numbers >= QUORUM_SINCE else {}


@contextmanager
def conflicts(name: str, variable: str | None = None) -> Iterator[None]:
    """Turn a refused declaration of `name`, which the environment's `variable` names, into a TopologyConflict."""
    way_out = "delete it (its messages come back from the database)"
    way_out += f", or set {variable} to another name" if variable else ""
    try:
        yield
    except ChannelPreconditionFailed as error:
        differs = DIFFERS.search(reason(error))
        if differs is None:
            raise TopologyConflict(f"RabbitMQ will not declare {name}: {reason(error)}; {way_out}") from error
        argument, kind, _, wanted, present = differs.groups()
        raise TopologyConflict(
            f"the {kind} {name} is there already with another {argument} (ours {wanted}, there {present}): {way_out}"
        ) from error
    except ChannelLockedResource as error:
        raise TopologyConflict(
            f"the queue {name} is there already, exclusively another connection's: {way_out}"
        ) from error
