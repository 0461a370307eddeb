"""OpenTelemetry is imported when OTEL_* asks for it, and by nobody else; one that is missing stops the start."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

OPEN = """
import asyncio, sys
from taskflow.graph.app import app_on
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import load_settings
from taskflow.worker.runtime import run_worker
async def main():
    async with open_resources(load_settings()) as resources:
        app_on(resources)
asyncio.run(main())
print(any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
"""
MISSING = "import sys\nfor name in ('opentelemetry', 'opentelemetry.trace'): sys.modules[name] = None\n"


def run(folder: Path, code: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ours |= {"DB_URL": f"sqlite+aiosqlite:///{folder}/taskflow.db", **variables}
    return subprocess.run([sys.executable, "-c", code], env=ours, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("variables", "imported"),
    [
        ({}, "False"),
        ({"OTEL_SERVICE_NAME": "shop"}, "False"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, "False"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "True"),
    ],
)
def test_it_is_imported_when_it_is_asked_for(tmp_path: Path, variables: dict[str, str], imported: str) -> None:
    ended = run(tmp_path, OPEN, variables)
    assert ended.stdout.split() == [imported], ended.stderr


def test_one_that_is_not_installed_stops_the_start_with_what_to_install(tmp_path: Path) -> None:
    ended = run(tmp_path, MISSING + OPEN, {"OTEL_TRACES_EXPORTER": "otlp"})
    assert ended.stderr.splitlines()[-1].endswith(
        "OTEL_* asks for traces, and OpenTelemetry is not installed: pip install 'taskflow-server[otel]'"
    )


def test_an_exporter_that_is_not_installed_does_so_too(tmp_path: Path) -> None:
    ended = run(tmp_path, OPEN, {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert ended.stderr.splitlines()[-1].endswith(
        "OTEL_EXPORTER_OTLP_PROTOCOL asks for grpc: pip install opentelemetry-exporter-otlp-proto-grpc"
    )
