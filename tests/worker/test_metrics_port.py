"""A worker's own port for its metrics: it answers whatever the event loop does."""

import asyncio
import time
import urllib.request
from typing import Any

import httpx
import pytest

from taskflow.infra.errors import StartError
from taskflow.infra.metrics import Metrics
from taskflow.infra.metrics_port import open_metrics_port
from taskflow.worker.task import task
from tests.integration.program import free_port
from tests.scrape import Scrape
from tests.worker.bench import Bench
from tests.worker.conftest import StartWorker


def scrape_until_blocked(port: int) -> float:
    """Over the port, until it tells of a blocked loop: for how many seconds."""
    for _ in range(100):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            if found := Scrape(answer.read().decode()).value("event_loop_blocked_seconds_total"):
                return found
        time.sleep(0.05)
    raise AssertionError("no scrape told of the blocked loop")


async def test_a_blocked_loop_is_counted_and_the_port_answers_meanwhile(
    bench: Bench, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow.worker.leases.BLOCKED", 0.1)
    port, seen = free_port(), list[float]()

    @task("block", max_attempts=1)
    async def block(payload: Any) -> None:
        """In the loop, which it blocks."""
        seen.append(scrape_until_blocked(port))

    async with open_metrics_port(bench.resources.metrics, "WORKER_METRICS_PORT", [port]), start_worker(block):
        assert (await bench.run("block")).status == "DONE"
    assert seen[0] > 0


async def test_a_port_that_is_taken_stops_the_start_and_names_the_variable() -> None:
    port = free_port()
    async with open_metrics_port(Metrics(), "WORKER_METRICS_PORT", [port]):
        with pytest.raises(StartError, match=f"WORKER_METRICS_PORT: can't listen on port {port}"):
            async with open_metrics_port(Metrics(), "WORKER_METRICS_PORT", [port]):
                pass


async def test_several_processes_take_a_port_each_which_is_free_again_afterwards() -> None:
    first = free_port()
    for _ in range(2):
        async with (
            open_metrics_port(Metrics(), "API_METRICS_PORT", range(first, first + 9)) as one,
            open_metrics_port(Metrics(), "API_METRICS_PORT", range(first, first + 9)) as two,
        ):
            assert one is not None
            assert two is not None
            assert first <= one < two < first + 9
            async with httpx.AsyncClient() as client:
                for port in (one, two):
                    assert (await client.get(f"http://127.0.0.1:{port}/metrics")).status_code == 200


async def test_a_client_that_says_nothing_holds_up_nobody() -> None:
    port = free_port()
    async with open_metrics_port(Metrics(), "WORKER_METRICS_PORT", [port]):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        async with httpx.AsyncClient(timeout=5) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/metrics")).status_code == 200
        writer.close()
