"""What the metrics of real processes on real services say, and how soon Prometheus tells of workers that were killed.

Prometheus asks every second here, and the alert waits for 5 s instead of its minute; each test prints what it took.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
import yaml

from tests.contracts.waiting import eventually
from tests.integration.cluster import Cluster, cluster_on
from tests.integration.program import Program, free_port
from tests.scrape import Scrape

pytestmark = [pytest.mark.services, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

RULES: Final = Path(__file__).parents[2] / "infra" / "deploy" / "prometheus" / "rules.yaml"
ALERT: Final = "TaskFlowNoWorkerForQueue"
FOR: Final = 5.0
PATIENCE: Final = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(server: str, rabbitmq_url: str, redis_url: str, folder: Path) -> AsyncIterator[Cluster]:
    async with cluster_on(folder, server=server, rabbitmq_url=rabbitmq_url, redis_url=redis_url, workers=0) as cluster:
        yield cluster


async def start_worker(cluster: Cluster) -> tuple[Program, int]:
    """With the port of its metrics."""
    port = free_port()
    return await cluster.start_worker(WORKER_METRICS_PORT=str(port)), port


async def scrape(port: int) -> Scrape:
    async with httpx.AsyncClient(timeout=10) as client:
        return Scrape((await client.get(f"http://127.0.0.1:{port}/metrics")).raise_for_status().text)


async def until(port: int, name: str, least: float, **labels: str) -> Scrape:
    """Until a scrape has at least that."""
    found: list[Scrape] = []

    async def shown() -> bool:
        found.append(await scrape(port))
        return (found[-1].value(name, **labels) or 0.0) >= least

    await eventually(shown, within=PATIENCE)
    return found[-1]


async def test_a_queue_whose_worker_was_killed_fills_and_its_attempts_are_counted_as_lost(cluster: Cluster) -> None:
    worker, port = await start_worker(cluster)
    await cluster.client.create(kind="stumble", payload={"failures": 2})
    await until(port, "attempts_total", 1, kind="stumble", outcome="succeeded")
    assert (await scrape(port)).value("attempts_total", kind="stumble", outcome="failed") == 2

    await cluster.client.create(kind="nap", payload={"seconds": 600}, maxAttempts=1)
    await until(port, "slots", 1, queues="default", state="busy")
    await worker.kill()
    for _ in range(3):
        await cluster.client.create(kind="echo", payload={})
    found = await until(cluster.port, "queue_oldest_due_seconds", 3, queue="default")
    assert found.value("queue_depth", queue="default") == 3
    assert found.value("database_up") == 1
    assert sum(found.samples[key] for key in found.samples if key[0] == "taskflow_tasks_created_total") == 5

    again, port = await start_worker(cluster)
    found = await until(port, "attempts_total", 3, kind="echo", outcome="succeeded")
    found = await until(port, "attempts_total", 1, kind="nap", outcome="lost")
    assert found.value("leases_recovered_total") == 1
    assert found.value("tasks_ended_total", kind="nap", status="FAILED") == 1
    await until(cluster.port, "table_rows", 1, table="tasks")

    async def is_empty() -> bool:
        return (await scrape(cluster.port)).value("queue_depth", queue="default") == 0

    await eventually(is_empty)  # a reading stands for some seconds
    await again.kill()


@asynccontextmanager
async def prometheus(folder: Path, targets: list[int]) -> AsyncIterator[str]:
    """A real one with our rules; its URL."""
    command = shutil.which("prometheus")
    if command is None:
        pytest.skip("Prometheus is not installed here: apt-get install prometheus brings it")
    rules = yaml.safe_load(RULES.read_text())
    for rule in rules["groups"][0]["rules"]:
        rule["for"] = f"{FOR:g}s"
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {"job_name": "taskflow", "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in targets]}]}
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    port = free_port()
    arguments = [f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            command, *arguments, f"--web.listen-address=127.0.0.1:{port}", stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def ask(url: str, path: str, **parameters: str) -> Any:
    """None until it answers."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            return (await client.get(f"{url}/api/v1/{path}", params=parameters)).raise_for_status().json()["data"]
    except httpx.HTTPError:
        return None


async def firing(url: str) -> set[str]:
    alerts = (await ask(url, "alerts") or {"alerts": []})["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


async def test_prometheus_tells_of_killed_workers_after_the_alerts_own_time(cluster: Cluster, tmp_path: Path) -> None:
    workers = [await start_worker(cluster) for _ in range(2)]
    ports = [port for _, port in workers]
    async with prometheus(tmp_path, [cluster.port, *ports]) as url, creating(cluster):

        async def all_scraped() -> bool:
            up = await ask(url, "query", query="sum(up)")
            return bool(up and up["result"] and up["result"][0]["value"][1] == "3")

        await eventually(all_scraped, within=PATIENCE)
        await asyncio.sleep(2 * FOR)  # long enough for an alert without a cause to fire
        assert await firing(url) == set()
        await asyncio.gather(*(worker.kill() for worker, _ in workers))
        killed = time.monotonic()

        async def fires() -> bool:
            return ALERT in await firing(url)

        await eventually(fires, within=PATIENCE)
        took = time.monotonic() - killed
        print(f"from kill -9 of every worker to {ALERT} firing, which waits {FOR:g} s: {took:.1f} s")
        assert (
            took < FOR + 20
        )  # a reading of the database, a scrape and an evaluation, on a machine that does much else


@asynccontextmanager
async def creating(cluster: Cluster) -> AsyncIterator[None]:
    """A task every tenth of a second meanwhile."""

    async def create() -> None:
        for number in itertools.count():
            await cluster.client.create(kind="echo", payload={"number": number})
            await asyncio.sleep(0.1)

    creates = asyncio.create_task(create())
    try:
        yield
    finally:
        creates.cancel()
        await asyncio.wait([creates])
