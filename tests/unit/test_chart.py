"""What infra/deploy/kubernetes promises: valid manifests, pods that may do little, settings that fit each other."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from taskflow.graph.http.server import SHUTDOWN_SECONDS
from taskflow.infra.broker.topology import Topology
from taskflow.infra.settings import Settings
from tests.unit.chart import CHART, KUBERNETES, SCENARIOS, check, environment, helm, pod_of, pods, render, the

EVERYTHING = SCENARIOS["everything"]
GIVE_BACK_SECONDS = 10
"""What a worker may take, after its shutdown time-out, until its tasks are given back."""
READS_SCHEMAS = pytest.mark.timeout(300)
"""Seconds: the first that reads them imports models of 100,000 lines, which a busy machine takes long for."""
VALUES_TABLE = (CHART / "README.md").read_text().partition("## Values")[2]


@pytest.fixture(params=SCENARIOS.values(), ids=[*SCENARIOS])
def manifests(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return render(request.param)


@pytest.fixture
def everything() -> list[dict[str, Any]]:
    return render(EVERYTHING)


@READS_SCHEMAS
def test_every_manifest_is_what_its_schema_takes(manifests: list[dict[str, Any]]) -> None:
    assert len(manifests) > 5
    for manifest in manifests:
        check(manifest)


@READS_SCHEMAS
@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "-api"), ("ScaledObject", "-worker-default"), ("PodMonitor", "-worker")]
)
def test_a_misspelt_field_is_noticed(everything: list[dict[str, Any]], kind: str, name: str) -> None:
    manifest = the(everything, kind, name)
    manifest["spec"]["replicaz"] = 1
    with pytest.raises(Exception, match="replicaz"):
        check(manifest)


def test_no_pod_may_do_more_than_it_must(manifests: list[dict[str, Any]]) -> None:
    for pod in pods(manifests):
        spec = pod["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}


def test_urls_and_tokens_reach_a_pod_as_files_and_only_those_that_it_needs(everything: list[dict[str, Any]]) -> None:
    urls = {"DB_URL", "RABBITMQ_URL", "REDIS_URL"}
    needed = {
        ("Job", "-migrate"): {"DB_URL"},
        ("Deployment", "-api"): urls | {"API_TOKENS"},
        ("Deployment", "-worker-default"): urls,
        ("ScaledJob", "-worker-video"): urls,
    }
    for (kind, name), secrets in needed.items():
        pod = pod_of(the(everything, kind, name))
        assert pod
        (volume,) = [volume["secret"] for volume in pod["spec"]["volumes"] if volume["name"] == "secrets"]
        assert {item["key"] for item in volume["items"]} == secrets
        given = environment(pod)
        assert {variable for variable in given if variable.endswith("_FILE")} - {"WORKER_HEARTBEAT_FILE"} == {
            f"{secret}_FILE" for secret in secrets
        }
        assert not secrets & set(given)


def test_an_api_without_tokens_is_asked_for_in_plain_sight() -> None:
    def api(**values: Any) -> dict[str, str]:
        pod = pod_of(the(render({"api": values}), "Deployment", "-api"))
        assert pod
        return environment(pod)

    assert {name for name in api() if name.startswith("API_")} == {"API_PORT", "API_TOKENS_FILE"}
    insecure = {name: value for name, value in api(insecure=True).items() if name.startswith("API_")}
    assert insecure == {"API_PORT": "8000", "API_INSECURE": "1"}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"existingSecret": ""}, "existingSecret is required"),
        ({"workerz": {}}, "workerz"),
        ({"api": {"replicas": "two"}}, "/api/replicas"),
        ({"config": {"DB_URL": "mysql://root:password@db/tasks"}}, "DB_URL"),
        ({"workers": {"mail": {}}}, "queues"),
        ({"workers": {"default": {"queues": ["mail:0"]}}}, "/workers/default/queues/0"),
        ({"workers": {"video": {"mode": "job", "queues": ["video"]}}}, "workers.video.mode is job, which needs keda"),
        ({"api": {"ingress": {"enabled": True}}}, "api.ingress.host is required"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_their_name(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        render(values)
    assert complaint in str(refused.value)
    assert "password" not in str(refused.value)


def test_numbers_and_booleans_become_what_the_settings_take(everything: list[dict[str, Any]]) -> None:
    pod = pod_of(the(everything, "Deployment", "-worker-default"))
    assert pod
    given = environment(pod)
    expected = {"PAYLOAD_MAX_BYTES": "16777216", "DB_ECHO": "false", "WORKER_LEASE": "0.5"}
    assert {name: given[name] for name in expected} == expected
    assert given["WORKER_QUEUES"] == "default:8,mail:2"
    assert given["WORKER_HANDLERS"] == "shop.tasks,shop.mail"
    assert given["TASKFLOW_URL"] == "http://demo-taskflow-api:80"


def test_a_pod_is_waited_for_as_long_as_it_takes_to_stop(everything: list[dict[str, Any]]) -> None:
    api = the(everything, "Deployment", "-api")["spec"]["template"]["spec"]
    pre_stop = api["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert api["terminationGracePeriodSeconds"] >= pre_stop + 2 * SHUTDOWN_SECONDS
    for kind, name in (("Deployment", "-worker-default"), ("ScaledJob", "-worker-video")):
        pod = pod_of(the(everything, kind, name))
        assert pod
        drain = float(environment(pod)["WORKER_SHUTDOWN_TIMEOUT"])
        assert pod["spec"]["terminationGracePeriodSeconds"] >= drain + GIVE_BACK_SECONDS


def test_a_start_may_try_its_services_for_as_long_as_the_settings_say(everything: list[dict[str, Any]]) -> None:
    settings = Settings()
    first = settings.db_connect_backoff.total_seconds()
    waits = sum(min(first * 2**attempt, 5 * first) for attempt in range(settings.db_connect_attempts - 1))
    probes = [pod["spec"]["containers"][0].get("startupProbe") for pod in pods(everything)]
    windows = [probe["periodSeconds"] * probe["failureThreshold"] for probe in probes if probe]
    assert len(windows) == 3
    assert min(windows) > 2 * waits


def test_the_migration_runs_before_anything_of_a_release(everything: list[dict[str, Any]]) -> None:
    job = the(everything, "Job", "-migrate")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    names = {one["metadata"]["name"] for one in everything if one["kind"] == "ServiceAccount"}
    assert job["spec"]["template"]["spec"]["serviceAccountName"] not in names  # they are not there yet


def test_keda_asks_for_the_queues_by_the_names_that_the_broker_knows(everything: list[dict[str, Any]]) -> None:
    expected = {("ScaledObject", "-worker-default"): ("default", "mail"), ("ScaledJob", "-worker-video"): ("video",)}
    for (kind, name), queues in expected.items():
        triggers = the(everything, kind, name)["spec"]["triggers"]
        lengths = [one["metadata"]["queueName"] for one in triggers if one["type"] == "rabbitmq"]
        assert lengths == [Topology().route(queue).queue for queue in queues]
        ages = [one["metadata"]["query"] for one in triggers if one["type"] == "prometheus"]
        assert ages == [
            f'max(taskflow_queue_oldest_due_seconds{{namespace="prod",queue="{queue}"}})' for queue in queues
        ]
    renamed = render({"keda": {"enabled": True}, "config": {"RABBITMQ_QUEUE": "ours"}})
    (trigger,) = the(renamed, "ScaledObject", "-worker-default")["spec"]["triggers"]
    assert trigger["metadata"]["queueName"] == Topology(queue="ours").route("default").queue


def test_a_long_task_is_a_job_that_no_upgrade_and_no_autoscaler_ends(everything: list[dict[str, Any]]) -> None:
    spec = the(everything, "ScaledJob", "-worker-video")["spec"]
    assert spec["rollout"] == {"strategy": "gradual"}
    assert spec["scalingStrategy"]["strategy"] == "accurate"
    template = spec["jobTargetRef"]["template"]
    assert template["spec"]["containers"][0]["args"] == ["worker", "--drain"]
    assert template["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert not [one for one in everything if one["kind"] == "Deployment" and "video" in one["metadata"]["name"]]


def test_who_is_scaled_by_another_has_no_number_of_its_own(everything: list[dict[str, Any]]) -> None:
    assert "replicas" not in the(everything, "Deployment", "-api")["spec"]
    assert "replicas" not in the(everything, "Deployment", "-worker-default")["spec"]
    plain = render({"api": {"autoscaling": {"enabled": False}}})
    assert all(one["spec"]["replicas"] for one in plain if one["kind"] == "Deployment")


def test_each_pod_but_the_test_has_one_network_policy(everything: list[dict[str, Any]]) -> None:
    selectors = [one["spec"]["podSelector"]["matchLabels"] for one in everything if one["kind"] == "NetworkPolicy"]
    labels = [pod["metadata"]["labels"] for pod in pods(everything) if pod.get("kind") != "Pod"]
    assert len(labels) == 4
    for label in labels:
        assert len([one for one in selectors if one.items() <= label.items()]) == 1


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, dict) and value and name not in ("resources", "workers")
        found |= flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return found


def test_the_readme_of_the_chart_has_every_value_with_its_default() -> None:
    values = flat(yaml.safe_load((CHART / "values.yaml").read_text()))
    documented = dict(re.findall(r"^\| `([\w.]+)` \| `(.*?)` \|", VALUES_TABLE, re.MULTILINE))
    assert {name: yaml.safe_load(default) for name, default in documented.items()} == values


def test_the_chart_is_of_this_version_and_without_a_finding_of_the_linter() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((KUBERNETES.parents[2] / "pyproject.toml").read_text())["project"]
    assert chart["appVersion"] == project["version"]
    found = helm.lint(str(CHART))
    assert [one["error"] for one in found["messages"]] == ["icon is recommended"], json.dumps(found)


@pytest.mark.parametrize("path", sorted((KUBERNETES / "services").iterdir()), ids=lambda path: path.name)
def test_each_service_has_three_nodes(path: Path) -> None:
    manifests = list(yaml.safe_load_all(path.read_text()))
    ours = [manifest for manifest in manifests if manifest["apiVersion"] in ("v1", "policy/v1")]
    for manifest in ours:
        check(manifest)
    specs = [manifest["spec"] for manifest in manifests if manifest not in ours]
    assert specs
    assert all(3 in (spec.get("replicas"), spec.get("instances"), spec.get("clusterSize")) for spec in specs)
