"""The Helm chart, rendered by Helm itself, and the schemas of those who will read its manifests."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

helm = pytest.importorskip("helm_python", reason="Helm is not here: helm-python-sdk has no wheel for this machine")

KUBERNETES: Final = Path(__file__).parents[2] / "infra" / "deploy" / "kubernetes"
CHART: Final = KUBERNETES / "chart"
RELEASES: Final = ("1.30", "1.37")
"""Of Kubernetes: the oldest that the chart takes, and the newest whose schema there is."""

CUSTOM: Final = {
    "keda.sh/v1alpha1": "cloudcoil.models.keda.v1alpha1",
    "monitoring.coreos.com/v1": "cloudcoil.models.prometheus_operator.v1",
}
"""Modules with a model for each kind, imported when the first is looked at: that takes seconds."""

RULES: Final = """
groups:
  - name: taskflow
    rules:
      - alert: Down
        expr: up == 0
        for: 5m
        annotations: { summary: '{{ $labels.job }} is "down"' }
"""
SCENARIOS: Final[dict[str, dict[str, Any]]] = {
    "the default": {},
    "as little as possible": {
        "api": {"insecure": True, "autoscaling": {"enabled": False}},
        "migrate": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "serviceAccount": {"create": False},
    },
    "everything": {
        "image": {"digest": "sha256:" + "a" * 64},
        "imagePullSecrets": [{"name": "registry"}],
        "config": {"PAYLOAD_MAX_BYTES": 16777216, "DB_ECHO": False, "WORKER_LEASE": 0.5, "TASK_RETENTION": "30d"},
        "podAnnotations": {"team": "shop"},
        "nodeSelector": {"pool": "tasks"},
        "tolerations": [{"key": "tasks", "operator": "Exists"}],
        "priorityClassName": "high",
        "extraEnv": [{"name": "REGION", "value": "north"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
        "api": {"ingress": {"enabled": True, "host": "tasks.example.com", "className": "nginx", "tlsSecret": "tls"}},
        "workers": {
            "default": {"queues": ["default:8", "mail:2"], "handlers": ["shop.tasks", "shop.mail"]},
            "video": {"mode": "job", "queues": ["video"], "slots": 1, "shutdownTimeout": 3600.5, "image": "video:1"},
        },
        "keda": {"enabled": True, "prometheus": "http://prometheus.monitoring:9090"},
        "monitoring": {
            "enabled": True,
            "labels": {"release": "prometheus"},
            "rules": RULES,
            "dashboard": '{"a": "{{b}}"}',
        },
        "networkPolicy": {
            "apiFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "metricsFrom": [{"podSelector": {}}],
            "workerEgress": [],
        },
    },
}


def render(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Every manifest of a release `demo` in the namespace `prod`. Raises HelmError with Helm's own words."""
    with helm.Chart.load(str(CHART)) as chart:
        files = chart.render({"existingSecret": "taskflow"} | values, name="demo", namespace="prod")
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]


def check(manifest: dict[str, Any]) -> None:
    """Raises what its schema says against it, a field that it does not know too."""
    module = CUSTOM.get(manifest["apiVersion"])
    if module:
        model = getattr(import_module(module), manifest["kind"])
        understood = model.model_validate(manifest).model_dump(mode="json", by_alias=True, exclude_unset=True)
        if lost := [*_lost(manifest, understood)]:
            raise ValueError(f"{manifest['kind']} has no {', '.join(lost)}")
    else:
        for release in RELEASES:
            kubernetes_validate.validate(manifest, release, strict=True)


def _lost(given: Any, understood: Any, path: str = "") -> Iterator[str]:
    """Where they differ: a model drops what it does not know."""
    if isinstance(given, dict) and isinstance(understood, dict):
        for name, value in given.items():
            yield from _lost(value, understood.get(name), f"{path}/{name}")
    elif isinstance(given, list) and isinstance(understood, list) and len(given) == len(understood):
        for number, (one, other) in enumerate(zip(given, understood, strict=True)):
            yield from _lost(one, other, f"{path}/{number}")
    elif given != understood:
        yield path


def pod_of(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Metadata and spec of the pods that it makes, if it makes any."""
    match manifest:
        case {"kind": "Pod"}:
            return manifest
        case {"kind": "Deployment" | "Job", "spec": {"template": template}}:
            return dict(template)
        case {"kind": "ScaledJob", "spec": {"jobTargetRef": {"template": template}}}:
            return dict(template)
    return None


def pods(manifests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (pod for pod in map(pod_of, manifests) if pod)


def the(manifests: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, f"demo-taskflow{name}")]
    return found


def environment(pod: dict[str, Any]) -> dict[str, str]:
    (container,) = pod["spec"]["containers"]
    return {variable["name"]: variable.get("value", "") for variable in container["env"]}
