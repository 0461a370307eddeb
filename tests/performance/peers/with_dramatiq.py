"""Dramatiq on RabbitMQ with results in Redis. `python with_dramatiq.py N` enqueues; the worker is Dramatiq's own."""

import os
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from enqueue import enqueue

broker = RabbitmqBroker(url=os.environ["RABBITMQ_URL"], confirm_delivery=True)
results = RedisBackend(url=os.environ["REDIS_URL"], namespace="bench-dramatiq", use_namespace_prefix_keys=True)
broker.add_middleware(Results(backend=results))
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="bench.dramatiq", store_results=True)
def handle(payload: dict[str, Any]) -> bool:
    return bool(payload["message"])


if __name__ == "__main__":
    enqueue(handle.send)
