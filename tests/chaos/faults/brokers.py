"""Faults of RabbitMQ and Redis."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress

import aiormq
from redis.asyncio import Redis

from tests.chaos.faults.world import World

CONTROL = "rabbitmqctl"


async def _control(world: World, *arguments: str) -> str:
    return await asyncio.to_thread(world.servers.rabbitmq.operate, CONTROL, "--quiet", *arguments)


async def stop_app(world: World, lasts: float, chance: random.Random) -> None:
    async with world.broker:
        await _control(world, "stop_app")
        await asyncio.sleep(lasts)
        await _control(world, "start_app")


async def kill(world: World, lasts: float, chance: random.Random) -> None:
    async with world.broker:
        await asyncio.to_thread(world.servers.rabbitmq.kill)
        await asyncio.sleep(lasts)
        await asyncio.to_thread(world.servers.rabbitmq.start)


async def close_connections(world: World, lasts: float, chance: random.Random) -> None:
    async with world.broker:
        await _control(world, "close_all_connections", "chaos")


async def alarm(world: World, lasts: float, chance: random.Random) -> None:
    """No publisher's message is read while it lasts."""
    async with world.broker:
        await _control(world, "set_vm_memory_high_watermark", "absolute", "1000")
        try:
            await asyncio.sleep(lasts)
        finally:
            await _control(world, "set_vm_memory_high_watermark", "absolute", "1GB")


async def purge(world: World, lasts: float, chance: random.Random) -> None:
    async with world.broker, aiormq.connect(world.servers.rabbitmq.url) as connection:
        channel = await connection.channel()
        with suppress(aiormq.exceptions.ChannelNotFoundEntity):  # deleted before, and not made anew yet
            await channel.queue_purge("task.created")
        world.evidence.emptied.append(time.monotonic())


async def delete(world: World, lasts: float, chance: random.Random) -> None:
    async with world.broker, aiormq.connect(world.servers.rabbitmq.url) as connection:
        channel = await connection.channel()
        await channel.queue_delete("task.created")
        world.evidence.emptied.append(time.monotonic())


async def unbind(world: World, lasts: float, chance: random.Random) -> None:
    """Its exchange brings the queue nothing any more."""
    async with world.broker, aiormq.connect(world.servers.rabbitmq.url) as connection:
        channel = await connection.channel()
        await channel.queue_unbind("task.created", "task.topic", "task.created")


async def restart_redis(world: World, lasts: float, chance: random.Random) -> None:
    async with world.redis:
        await asyncio.to_thread(world.servers.redis.kill)
        await asyncio.sleep(lasts)
        await asyncio.to_thread(world.servers.redis.start)


async def kill_redis_clients(world: World, lasts: float, chance: random.Random) -> None:
    async with world.redis, Redis.from_url(world.servers.redis.url) as redis:
        for kind in ("pubsub", "normal"):
            await redis.client_kill_filter(_type=kind, skipme=True)


async def flush_redis(world: World, lasts: float, chance: random.Random) -> None:
    async with world.redis, Redis.from_url(world.servers.redis.url) as redis:
        await redis.flushall()


async def pause_redis(world: World, lasts: float, chance: random.Random) -> None:
    """It takes connections and answers nobody."""
    async with world.redis:
        async with Redis.from_url(world.servers.redis.url) as redis:
            await redis.client_pause(int(lasts * 1000), all=True)
        await asyncio.sleep(lasts)
