"""How fast it is: `python -m tests.performance.bench`, against what the three URLs say, embedded without them.

Starts its own processes on a free port. Prints create → DONE latency at rest, creates a second, and drain a second.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

COMMAND = str(Path(sys.executable).with_name("taskflow"))
CREATE = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }"
WATCH = "subscription { taskStatus { taskId status } }"
PAYLOAD = {"message": "Task complete"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def processes(workers: int) -> Iterator[tuple[str, list[int]]]:
    """The API's address and the pids, ended at the end."""
    port = free_port()
    clustered = "RABBITMQ_URL" in os.environ
    environment = os.environ | {"API_PORT": str(port), "LOG_LEVEL": "WARNING"}
    commands = [["api"], *[["worker"]] * workers] if clustered else [["up"]]
    if clustered:
        subprocess.run([COMMAND, "migrate"], check=True, env=environment)
    started = [subprocess.Popen([COMMAND, *command], env=environment) for command in commands]
    try:
        yield f"http://127.0.0.1:{port}", [one.pid for one in started]
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(60)


async def until_healthy(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{url}/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise SystemExit("the API did not become healthy")


@contextlib.asynccontextmanager
async def subscribed(url: str) -> AsyncIterator[ClientConnection]:
    target = "ws" + url.removeprefix("http") + "/graphql"
    async with connect(target, subprotocols=[Subprotocol("graphql-transport-ws")], max_queue=None) as connection:
        await connection.send(json.dumps({"type": "connection_init"}))
        await connection.recv()
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": WATCH}}))
        yield connection


async def latencies(url: str, count: int) -> list[float]:
    """Milliseconds from sending a create to DONE on the subscription, one at a time."""
    found = []
    async with subscribed(url) as events, httpx.AsyncClient() as client:
        await asyncio.sleep(0.5)
        for _ in range(count):
            began = time.perf_counter()
            body = {"query": CREATE, "variables": {"input": {"title": "At rest", "payload": PAYLOAD}}}
            answer = (await client.post(f"{url}/graphql", json=body)).json()
            task_id = answer["data"]["createTask"]["task"]["id"]
            while True:
                event = json.loads(await events.recv())["payload"]["data"]["taskStatus"]
                if event["taskId"] == task_id and event["status"] == "DONE":
                    break
            found.append((time.perf_counter() - began) * 1000)
    return found


async def flood(url: str, count: int, at_once: int) -> tuple[float, float]:
    """Seconds to create `count` tasks over REST, and until the last of them is DONE."""
    remaining = iter(range(count))
    before = await done(url)
    began = time.perf_counter()
    await asyncio.gather(*(create_over_one_connection(url, remaining) for _ in range(at_once)))
    created = time.perf_counter() - began
    for _ in range(3000):
        if await done(url) >= before + count:
            return created, time.perf_counter() - began
        await asyncio.sleep(0.2)
    raise SystemExit("the tasks did not end in ten minutes")


async def create_over_one_connection(url: str, remaining: Iterator[int]) -> None:
    """Ready-made requests, so that the load costs less than what it loads: an HTTP library takes 3 ms of CPU each."""
    body = json.dumps({"title": "Flood", "payload": PAYLOAD}).encode()
    head = (
        f"POST /tasks HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    for _ in remaining:
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 201"), answer
        await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r")[0]))
    writer.close()


async def done(url: str) -> int:
    async with httpx.AsyncClient(timeout=30) as client:
        query = {"query": "{ tasks(first: 1, filter: {statuses: [DONE]}) { totalCount } }"}
        answer: dict[str, Any] = (await client.post(f"{url}/graphql", json=query)).json()
        return int(answer["data"]["tasks"]["totalCount"])


def memory(pid: int) -> float:
    """Resident megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def measure(arguments: argparse.Namespace) -> None:
    with processes(arguments.workers) as (url, pids):
        await until_healthy(url)
        await latencies(url, 20)
        at_rest = [memory(pid) for pid in pids]
        found = sorted(await latencies(url, arguments.latencies))
        p50, p99 = statistics.median(found), found[int(len(found) * 0.99)]
        print(f"create → DONE at rest   median {p50:.1f} ms, p99 {p99:.1f} ms")
        created, drained = await flood(url, arguments.count, arguments.at_once)
        print(f"create over REST        {arguments.count / created:.0f} tasks/s, {arguments.at_once} at once")
        print(f"create and run          {arguments.count / drained:.0f} tasks/s, {arguments.workers} worker(s)")
        now = [memory(pid) for pid in pids]
        print(
            "memory                  " + ", ".join(f"{a:.0f} → {b:.0f} MB" for a, b in zip(at_rest, now, strict=True))
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--latencies", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
