"""The task service that everybody would write: FastAPI, a row, a message, a worker with two commits a task.

The API is `uvicorn naive:app`, the worker `python naive.py`. It has no retries, no leases, no history, and a task whose
message gets lost stays PENDING for ever. Each WebSocket has a subscription to Redis of its own.
"""

import asyncio
import json
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aio_pika
import redis.asyncio as redis
from fastapi import FastAPI, WebSocket
from pydantic import BaseModel
from sqlalchemy import JSON, String, func, update
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

QUEUE = "bench.naive"
CHANNEL = "bench.naive"
PREFETCH = 8

engine = create_async_engine(os.environ["DB_URL"])
sessions = async_sessionmaker(engine, expire_on_commit=False)
bus = redis.from_url(os.environ["REDIS_URL"])


class Base(DeclarativeBase):
    pass


class Task(Base):
    __tablename__ = "naive_tasks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    title: Mapped[str] = mapped_column(String(255))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(20), index=True)
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=6))
    finished_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=6))


class NewTask(BaseModel):
    title: str
    payload: dict[str, Any]


class Created(BaseModel):
    task_id: str
    title: str
    status: str
    created_at: datetime


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with await aio_pika.connect_robust(os.environ["RABBITMQ_URL"]) as broker:
        app.state.channel = await broker.channel(publisher_confirms=True)
        await app.state.channel.declare_queue(QUEUE, durable=True)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/tasks", status_code=201)
async def create_task(new: NewTask) -> Created:
    now = datetime.now(UTC)
    task = Task(id=str(uuid.uuid4()), title=new.title, payload=new.payload, status="PENDING", created_at=now)
    async with sessions() as session:
        session.add(task)
        await session.commit()
    body = json.dumps({"task_id": task.id, "payload": task.payload}).encode()
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await app.state.channel.default_exchange.publish(message, routing_key=QUEUE)
    return Created(task_id=task.id, title=task.title, status=task.status, created_at=now)


@app.websocket("/ws")
async def watch(socket: WebSocket) -> None:
    await socket.accept()
    async with bus.pubsub() as changes:
        await changes.subscribe(CHANNEL)
        async for change in changes.listen():
            if change["type"] == "message":
                await socket.send_text(change["data"].decode())


async def set_status(task_id: str, status: str, **more: Any) -> None:
    async with sessions() as session:
        await session.execute(update(Task).where(Task.id == task_id).values(status=status, **more))
        await session.commit()
    await bus.publish(CHANNEL, json.dumps({"task_id": task_id, "status": status}))


async def handle(payload: dict[str, Any]) -> None:
    assert payload["message"]


async def run_task(message: aio_pika.abc.AbstractIncomingMessage) -> None:
    task = json.loads(message.body)
    await set_status(task["task_id"], "PROCESSING")
    await handle(task["payload"])
    await set_status(task["task_id"], "DONE", finished_at=func.now(6))
    await message.ack()


async def work() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with await aio_pika.connect_robust(os.environ["RABBITMQ_URL"]) as broker:
        channel = await broker.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(QUEUE, durable=True)
        await queue.consume(run_task)
        await stop.wait()
    await engine.dispose()


if __name__ == "__main__":
    import uvloop

    uvloop.run(work())
