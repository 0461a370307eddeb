"""How fast it is: `python -m tests.performance.bench`, against what the three URLs say, embedded without them.

Starts its own processes on a free port. Prints create → DONE latency at rest, creates a second, and drain a second,
with the CPU time that a task costs the process concerned: on a shared machine only that can be compared.
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
CREATE_SET = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }"
PAYLOAD = {"message": "Task complete"}
SET = 100


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*commands: str, **environment: str) -> Iterator[list[int]]:
    """The pids of `taskflow` with each of those commands, ended at the end."""
    started = [subprocess.Popen([COMMAND, command], env=os.environ | environment) for command in commands]
    try:
        yield [one.pid for one in started]
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


async def create(url: str, count: int, at_once: int) -> float:
    """Tasks a second over REST."""
    body = json.dumps({"title": "Flood", "payload": PAYLOAD}).encode()
    return await flood(url, "/tasks", body, count, at_once)


async def create_sets(url: str, count: int, at_once: int) -> float:
    """Tasks a second over GraphQL, a hundred in a call."""
    inputs = [{"title": "Flood", "payload": PAYLOAD}] * SET
    body = json.dumps({"query": CREATE_SET, "variables": {"inputs": inputs}}).encode()
    return SET * await flood(url, "/graphql", body, count // SET, max(at_once // 4, 1))


async def flood(url: str, path: str, body: bytes, count: int, at_once: int) -> float:
    """Requests a second."""
    remaining = iter(range(count))
    began = time.perf_counter()
    await asyncio.gather(*(send_over_one_connection(url, path, body, remaining) for _ in range(at_once)))
    return count / (time.perf_counter() - began)


async def send_over_one_connection(url: str, path: str, body: bytes, remaining: Iterator[int]) -> None:
    """Ready-made requests, so that the load costs less than what it loads: an HTTP library takes 3 ms of CPU each."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    for _ in remaining:
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")), answer
        content = await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r")[0]))
        assert b'"errors"' not in content, content
    writer.close()


async def drain(url: str, target: int, pids: list[int]) -> tuple[float, float]:
    """Tasks a second, and milliseconds of CPU each, from the first that is DONE to the last, which is `target`."""
    first = await until_done(url, min(await done(url) + 1, target))
    began, before = time.perf_counter(), cpu(pids)
    count = await until_done(url, target) - first
    return count / (time.perf_counter() - began), (cpu(pids) - before) / max(count, 1)


async def until_done(url: str, target: int) -> int:
    for _ in range(6000):
        if (now := await done(url)) >= target:
            return now
        await asyncio.sleep(0.1)
    raise SystemExit("the tasks did not end in ten minutes")


async def done(url: str) -> int:
    async with httpx.AsyncClient(timeout=30) as client:
        query = {"query": "{ tasks(first: 1, filter: {statuses: [DONE]}) { totalCount } }"}
        answer: dict[str, Any] = (await client.post(f"{url}/graphql", json=query)).json()
        return int(answer["data"]["tasks"]["totalCount"])


def memory(pids: list[int]) -> str:
    """Resident megabytes."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return ", ".join(f"{int(text.split('VmRSS:')[1].split()[0]) / 1024:.0f} MB" for text in texts)


def cpu(pids: list[int]) -> float:
    """Milliseconds of processor time so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields) * 1000 / os.sysconf("SC_CLK_TCK")


async def measure(arguments: argparse.Namespace, url: str, workers: list[str]) -> None:
    count, at_once = arguments.count, arguments.at_once
    with running("api" if workers else "up") as api:
        await until_healthy(url)
        with running(*workers) as pids:
            await latencies(url, 20)
            found = sorted(await latencies(url, arguments.latencies))
            print("memory at rest        ", memory(api + pids))
        p50, p99 = statistics.median(found), found[int(len(found) * 0.99)]
        print(f"create → DONE at rest  median {p50:.1f} ms, p99 {p99:.1f} ms")
        target, before = await done(url) + 2 * count, cpu(api)
        rate = await create(url, count, at_once)
        print(f"create over REST       {rate:.0f} tasks/s, {(cpu(api) - before) / count:.2f} ms of CPU each in the API")
        before = cpu(api)
        rate = await create_sets(url, count, at_once)
        print(
            f"create sets of {SET}     {rate:.0f} tasks/s, {(cpu(api) - before) / count:.2f} ms of CPU each in the API"
        )
        with running(*workers) as pids:
            rate, each = await drain(url, target, pids or api)
            print(f"drain                  {rate:.0f} tasks/s, {each:.2f} ms of CPU each in the worker")
            print("memory afterwards     ", memory(api + pids))


def prepare(workers: int) -> tuple[str, list[str]]:
    """A free port for the processes to be started, and a migrated database where they are a cluster: the API's URL, and
    a command for each worker, none when `up` is all.
    """
    port = free_port()
    os.environ.update(API_PORT=str(port), LOG_LEVEL="WARNING")
    if "RABBITMQ_URL" not in os.environ:
        return f"http://127.0.0.1:{port}", []
    subprocess.run([COMMAND, "migrate"], check=True)
    return f"http://127.0.0.1:{port}", ["worker"] * workers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--latencies", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments, *prepare(arguments.workers)))


if __name__ == "__main__":
    main()
