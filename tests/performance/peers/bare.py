"""What aio-pika alone does: `python bare.py fill N`, then `python bare.py drain N`, which acknowledges one by one.

No database, no handler, no results: a bound, not a task queue. Draining prints the tasks and seconds from the first
acknowledgement to the last, and the processor's seconds of that.
"""

import asyncio
import json
import os
import sys
import time

import aio_pika
import uvloop

QUEUE = "bench.bare"
PREFETCH = 100
AT_ONCE = 100


async def fill(channel: aio_pika.abc.AbstractChannel, count: int) -> None:
    message = aio_pika.Message(b'{"message": "Task complete"}', delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    for first in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - first)
        await asyncio.gather(*(channel.default_exchange.publish(message, routing_key=QUEUE) for _ in range(size)))


async def drain(queue: aio_pika.abc.AbstractQueue, count: int) -> None:
    left, began, before = count, 0.0, 0.0
    async with queue.iterator() as messages:
        async for message in messages:
            await message.ack()
            left -= 1
            if left == count - 1:
                began, before = time.perf_counter(), time.process_time()
            if not left:
                break
    took, used = time.perf_counter() - began, time.process_time() - before
    print(json.dumps({"tasks": count - 1, "seconds": took, "cpu_seconds": used}))


async def main(action: str, count: int) -> None:
    async with await aio_pika.connect_robust(os.environ["RABBITMQ_URL"]) as broker:
        channel = await broker.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(QUEUE, durable=True)
        await (fill(channel, count) if action == "fill" else drain(queue, count))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
