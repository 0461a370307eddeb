"""Alerts and dashboard name metrics that there are, and promtool takes them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from taskflow.infra.metrics import GAUGES, Metrics

TOP: Final = Path(__file__).parents[2]
PROMETHEUS: Final = TOP / "infra" / "deploy" / "prometheus"
DASHBOARD: Final[dict[str, Any]] = json.loads((TOP / "infra" / "deploy" / "grafana" / "taskflow.json").read_text())
RULES: Final[list[dict[str, Any]]] = [
    rule for group in yaml.safe_load((PROMETHEUS / "rules.yaml").read_text())["groups"] for rule in group["rules"]
]
ALERTS: Final = {
    "TaskFlowFiguresMissing",
    "TaskFlowOldestTaskTooOld",
    "TaskFlowFailureRate",
    "TaskFlowNoWorkerForQueue",
    "TaskFlowDeadLetters",
    "TaskFlowConsumerDeaf",
    "TaskFlowOutboxGrowing",
    "TaskFlowStuckThreads",
    "TaskFlowDatabaseNearlyFull",
}
SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
ROWS: Final = ["Traffic", "Latency", "Failures", "Workers and slots", "Live", "Database and batches"]


def families() -> dict[str, str]:
    """Each metric of ours as the README names it, with its type."""
    counted = {family.name: family.type for family in Metrics().registry.collect()}
    ours = {name: type_ for name, type_ in counted.items() if name.startswith("taskflow_")}
    named = {name + ("_total" if type_ == "counter" else ""): type_ for name, type_ in ours.items()}
    return named | dict.fromkeys(GAUGES, "gauge")


def samples() -> set[str]:
    names = {name.removesuffix("_total"): type_ for name, type_ in families().items()}
    return {name + suffix for name, type_ in names.items() for suffix in SUFFIXES[type_]}


def expressions() -> Iterator[str]:
    """Of the dashboard, its variables too."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query")


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\btaskflow_\w+", text))


def promtool(*arguments: str | Path) -> None:
    command = shutil.which("promtool")
    if command is None:
        pytest.skip("promtool is not installed here: apt-get install prometheus brings it")
    ended = subprocess.run([command, *arguments], capture_output=True, text=True, cwd=PROMETHEUS, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_metrics_that_there_are_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert names_in(rule["expr"])
    assert names_in(rule["expr"]) <= samples()
    assert rule["for"]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert {"summary", "description"} < rule["annotations"].keys()
    assert rule["annotations"]["runbook_url"] == f"infra/deploy/README.md#{rule['alert'].lower()}"


def test_every_alert_is_there_and_has_a_test() -> None:
    assert {rule["alert"] for rule in RULES} == ALERTS
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yaml").read_text())["tests"]
    asked = [one for test in tests for one in test["alert_rule_test"]]
    for fires in (True, False):
        assert {one["alertname"] for one in asked if bool(one["exp_alerts"]) is fires} == ALERTS


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_the_dashboard_names_metrics_that_there_are(expression: str) -> None:
    assert names_in(expression) <= samples()


def test_the_dashboard_shows_every_metric_in_rows_that_do_not_overlap() -> None:
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == ROWS
    shown = set().union(*map(names_in, expressions()))
    assert {name for name in families() if not any(one.startswith(name) for one in shown)} == set()
    cells: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        mine = {(x, y) for x in columns for y in lines}
        assert not mine & cells
        assert max(columns) < 24
        cells |= mine
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_promtool_takes_the_rules_and_the_configuration() -> None:
    promtool("check", "config", "--syntax-only", PROMETHEUS / "prometheus.yaml")  # its token is in the container


def test_promtool_sees_each_alert_fire_when_it_should() -> None:
    promtool("test", "rules", PROMETHEUS / "rules_test.yaml")


def test_promtool_takes_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    """As rules that record, with the variables of Grafana filled in."""
    found = [one for one in expressions() if not one.startswith("label_values")]
    filled = [re.sub(r"\$__\w+", "5m", one).replace("$queue", ".*").replace("$kind", ".*") for one in found]
    rules = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(filled)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", "--lint=none", path)


def test_the_readme_has_every_metric() -> None:
    readme = (TOP / "README.md").read_text()
    assert set(re.findall(r"^\| `(taskflow_\w+)", readme, re.MULTILINE)) == families().keys()


def test_compose_gives_workers_the_port_that_prometheus_asks() -> None:
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())["scrape_configs"]
    [port] = [one["port"] for job in jobs for one in job.get("dns_sd_configs", ()) if one["names"] == ["worker"]]
    compose = yaml.safe_load((TOP / "infra" / "deploy" / "compose.yaml").read_text())
    assert compose["services"]["worker"]["environment"]["WORKER_METRICS_PORT"] == str(port)
