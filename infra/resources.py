"""All that a process talks to, opened in one place and closed by the stack that opened it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.rows import SET_ASIDE
from taskflow.infra.broker import Broker
from taskflow.infra.broker.topology import Topology
from taskflow.infra.bus import Bus
from taskflow.infra.clock import Clock, open_clock
from taskflow.infra.database import connections, open_database
from taskflow.infra.liveness import Liveness
from taskflow.infra.metrics import Metrics
from taskflow.infra.settings import Settings
from taskflow.infra.tracing import OFF, Tracing, open_tracing


@dataclass(frozen=True, slots=True)
class Resources:
    settings: Settings
    engine: AsyncEngine
    broker: Broker
    bus: Bus
    clock: Clock = field(default_factory=Clock)
    tracing: Tracing = OFF
    liveness: Liveness = field(default_factory=Liveness)
    metrics: Metrics = field(default_factory=Metrics)


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Raises StartError: each of its classes, as DatabaseUnavailable and TopologyConflict, has one clear line."""
    async with AsyncExitStack() as stack:
        tracing = await stack.enter_async_context(
            open_tracing(_topology(settings), in_memory_broker=settings.in_memory_broker)
        )
        engine = await stack.enter_async_context(
            open_database(
                settings.db_url,
                attempts=settings.db_connect_attempts,
                backoff=settings.db_connect_backoff,
                echo=settings.db_echo,
                payload_max_bytes=settings.payload_max_bytes,
            )
        )
        tracing.watch(engine)
        clock = await stack.enter_async_context(open_clock(engine))
        broker = await stack.enter_async_context(open_broker(settings))
        bus = await stack.enter_async_context(open_bus(settings, tracing))
        resources = Resources(settings, engine, broker, bus, clock, tracing=tracing)
        engine.update_execution_options(**{SET_ASIDE: resources.metrics.rows_set_aside.inc})
        stack.enter_context(resources.metrics.showing(partial(connections, engine)))
        yield resources


def open_broker(settings: Settings) -> AbstractAsyncContextManager[Broker]:
    """What RABBITMQ_URL names. Entering it raises BrokerUnavailable or TopologyConflict."""
    if settings.in_memory_broker:
        from taskflow.infra.broker.memory import open_memory_broker

        return open_memory_broker()
    from taskflow.infra.broker.rabbitmq import open_rabbitmq

    return open_rabbitmq(
        settings.rabbitmq_url,
        topology=_topology(settings),
        attempts=settings.rabbitmq_connect_attempts,
        backoff=settings.rabbitmq_connect_backoff,
    )


def _topology(settings: Settings) -> Topology:
    return Topology(
        settings.rabbitmq_exchange,
        settings.rabbitmq_queue,
        settings.rabbitmq_routing_key,
        queue_type=settings.rabbitmq_queue_type,
    )


def open_bus(settings: Settings, tracing: Tracing = OFF) -> AbstractAsyncContextManager[Bus]:
    """What REDIS_URL names. Entering it raises BusUnavailable."""
    if settings.in_memory_bus:
        from taskflow.infra.bus.memory import open_memory_bus

        return open_memory_bus()
    from taskflow.infra.bus.redis import open_redis

    return open_redis(
        settings.redis_url,
        attempts=settings.rabbitmq_connect_attempts,
        backoff=settings.rabbitmq_connect_backoff,
        around=tracing.sharing("PUBLISH", {"db.system.name": "redis", "db.operation.name": "PUBLISH"}),
    )
