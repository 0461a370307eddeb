"""The example kinds make way for a team's own."""

from types import ModuleType
from typing import Any

from taskflow.worker import builtin as handlers
from taskflow.worker import examples
from taskflow.worker.registry import Registry
from taskflow.worker.task import task


def test_a_kind_of_the_examples_is_free_for_a_team_to_take() -> None:
    @task("flaky")
    def flaky(payload: Any) -> None: ...

    team = ModuleType("team")
    team.flaky = flaky  # type: ignore[attr-defined]
    registry = Registry.load([handlers, team], examples=examples)
    handler = registry.get("flaky")
    assert handler
    assert handler.function is flaky
    assert registry.kinds == ["charge", "flaky", "message", "progress", "slow"]
