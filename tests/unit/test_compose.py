"""What the Compose file promises: no port is open to the network, and no container may change its image."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from taskflow.infra.settings import Settings
from tests.unit.test_deploy import DEPLOY, TOP, documented, instructions

OURS = ("api", "worker", "migrate")
PROFILES = {
    (): {*OURS, "frontend", "mysql", "rabbitmq", "redis"},
    ("development",): {"vite", "api-reload", "worker-reload"},
    ("observability",): {"prometheus", "grafana", "collector"},
}
WRITES_TO_ITS_ROOT = {"mysql", "rabbitmq"}


def content_of(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return content


@pytest.fixture
def services() -> dict[str, Any]:
    content: dict[str, Any] = content_of("compose.yaml")["services"]
    return content


def test_compose_has_every_service_each_with_a_health_check(services: dict[str, Any]) -> None:
    for profiles, names in PROFILES.items():
        assert {name for name, service in services.items() if tuple(service.get("profiles", ())) == profiles} == names
    assert set(services) == set().union(*PROFILES.values())
    assert all(service["healthcheck"]["test"] for service in services.values())


def test_ports_are_open_to_this_machine_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.rsplit(":", 1)[0] for port in ports}) == len(ports)


def test_no_container_can_gain_a_right_or_change_its_image(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    writable = {name for name, service in services.items() if not service.get("read_only")}
    assert writable == WRITES_TO_ITS_ROOT
    assert all(services[name]["tmpfs"] == ["/tmp"] for name in set(services) - writable)


def test_every_image_of_somebody_else_is_pinned_to_a_release(services: dict[str, Any]) -> None:
    images = {service["image"] for service in services.values()} - {"taskflow:local"}
    bases = [line.partition("=")[2] for line in instructions("ARG") if line.startswith(("BASE=", "NODE="))]
    assert len(bases) == 2
    assert all(re.search(r":v?\d+\.\d+\.\d+[\w-]*$", image) for image in [*images, *bases])
    assert services["vite"]["image"] == bases[1].removeprefix("docker.io/library/")


def test_an_api_without_tokens_is_asked_for_in_plain_sight(services: dict[str, Any]) -> None:
    assert services["api"]["environment"]["API_INSECURE"] == "${API_INSECURE:-1}"


@pytest.mark.parametrize("name", ["api", "worker", "api-reload", "worker-reload"])
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
    defaults = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]+)\}", text))
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


def test_for_development_one_service_brings_all_that_reloads_and_nothing_that_takes_its_tasks(
    services: dict[str, Any],
) -> None:
    vite = services["vite"]
    assert set(vite["depends_on"]) == {"api-reload", "worker-reload"}
    assert "vite" in vite["command"][0]
    assert "../../frontend:/app" in vite["volumes"]
    assert vite["environment"]["TASKFLOW_URL"] == "http://api-reload:8000"
    assert all("--reload" in services[name]["command"] for name in vite["depends_on"])
    assert all("../..:/app:ro" in services[name]["volumes"] for name in vite["depends_on"])


def test_prometheus_asks_the_api_and_every_worker(services: dict[str, Any]) -> None:
    jobs = {job["job_name"]: job for job in content_of("prometheus/prometheus.yaml")["scrape_configs"]}
    (api,), (worker,) = jobs["taskflow-api"]["dns_sd_configs"], jobs["taskflow-worker"]["dns_sd_configs"]
    assert (api["names"], api["port"]) == (["api"], int(services["api"]["environment"]["API_PORT"]))
    assert (worker["names"], worker["port"]) == (
        ["worker"],
        int(services["worker"]["environment"]["WORKER_METRICS_PORT"]),
    )
    token = jobs["taskflow-api"]["authorization"]["credentials_file"]
    assert f"> {token} " in services["prometheus"]["command"][0]


def test_grafana_finds_its_services_and_the_folder_of_dashboards(services: dict[str, Any]) -> None:
    sources = content_of("grafana/provisioning/datasources/taskflow.yaml")["datasources"]
    hosts = [re.fullmatch(r"http://(\w+):(\d+)", source["url"]) for source in sources]
    assert all(host and f":{host[2]}" in services[host[1]]["ports"][0] for host in hosts)
    (provider,) = content_of("grafana/provisioning/dashboards/taskflow.yaml")["providers"]
    assert f"./grafana:{provider['options']['path']}:ro" in services["grafana"]["volumes"]


def test_a_worker_has_longer_to_stop_than_its_drain_takes(services: dict[str, Any]) -> None:
    seconds = re.search(r":-(\d+)s\}", services["worker"]["stop_grace_period"])
    assert seconds
    assert int(seconds[1]) > Settings().worker_shutdown_timeout.total_seconds()


def test_the_broker_makes_quorum_queues_of_those_without_a_type(services: dict[str, Any]) -> None:
    mounts = [volume.split(":")[:2] for volume in services["rabbitmq"]["volumes"]]
    (conf,) = [DEPLOY / source for source, target in mounts if target.startswith("/etc/rabbitmq/conf.d/")]
    assert "default_queue_type = quorum" in conf.read_text().splitlines()
