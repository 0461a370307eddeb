"""The faults of the schedule, each a coroutine that returns once its fault is over and everything is there again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final

from tests.chaos.faults import brokers, databases, networks, processes
from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault

Inflict = Callable[[World, float, random.Random], Awaitable[None]]

BY_NAME: Final[dict[str, Inflict]] = {
    "kill-api": processes.kill("api-0", "api-1"),
    "kill-worker": processes.kill("worker-0", "worker-1", "worker-2"),
    "kill-dispatcher": processes.kill("dispatcher"),
    "kill-every-worker": processes.kill_every_worker,
    "stop-api": processes.stop("api-0", "api-1"),
    "freeze-api": processes.freeze("api-0", "api-1"),
    "freeze-worker": processes.freeze("worker-0", "worker-1", "worker-2"),
    "freeze-dispatcher": processes.freeze("dispatcher"),
    "deploy": processes.deploy,
    "clock-ahead": processes.step_clock(5.0),
    "clock-behind": processes.step_clock(-5.0),
    "broker-stop-app": brokers.stop_app,
    "broker-kill": brokers.kill,
    "broker-close": brokers.close_connections,
    "broker-alarm": brokers.alarm,
    "queue-purge": brokers.purge,
    "queue-delete": brokers.delete,
    "queue-unbind": brokers.unbind,
    "redis-restart": brokers.restart_redis,
    "redis-kill-clients": brokers.kill_redis_clients,
    "redis-pause": brokers.pause_redis,
    "redis-flush": brokers.flush_redis,
    "database-kill-connections": databases.kill_connections,
    "database-restart": databases.restart,
    "database-away": databases.go_away,
    "database-away-worker-stops": databases.go_away_while_a_worker_stops,
    "database-hangs": databases.hang,
    "database-locks": databases.lock_rows,
    "database-deadlocks": databases.deadlock,
    "database-read-only": databases.be_read_only,
    "network-slow": networks.slow,
    "network-cut": networks.cut,
    "network-silent": networks.silence,
}


async def inflict(world: World, fault: Fault) -> None:
    await BY_NAME[fault.name](world, fault.lasts, random.Random(fault.seed))
