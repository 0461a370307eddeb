"""OTEL_*: what turns traces on, and what stops a start."""

import pytest

from taskflow.infra.settings import SettingsError, load_settings
from taskflow.infra.tracing.variables import TAKES, asked_for, problems

PLACE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
SOUND = {"OTEL_SDK_DISABLED": "false", "OTEL_TRACES_EXPORTER": "otlp"}
SECRET = "s3cr3t-w0rd"


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "shop", "OTEL_TRACES_SAMPLER": "always_on"}, False),
        (PLACE, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        (PLACE | {"OTEL_TRACES_EXPORTER": ""}, True),
        (PLACE | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (PLACE | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (PLACE | {"OTEL_SDK_DISABLED": "false"}, True),
    ],
)
def test_traces_are_recorded_when_the_environment_asks_for_them(variables: dict[str, str], wanted: bool) -> None:
    assert asked_for(variables) is wanted
    assert problems(variables) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_SDK_DISABLED", "perhaps"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_EXPORTER", "otlp,console"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:{SECRET}@host:{SECRET}"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http"),
        ("OTEL_EXPORTER_OTLP_HEADERS", SECRET),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_BSP_SCHEDULE_DELAY", "often"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"),
    ],
)
def test_a_malformed_one_stops_the_start_with_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for known in TAKES:
        monkeypatch.delenv(known, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name} takes ")
    assert "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_every_problem_has_a_line_beside_those_of_our_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_PORT", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [
        "API_PORT",
        "OTEL_TRACES_SAMPLER",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ]


@pytest.mark.parametrize("switch", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_what_is_turned_off_is_not_looked_at(switch: dict[str, str]) -> None:
    assert problems(dict.fromkeys(TAKES, "malformed") | SOUND | switch) == []
